import { isDeepStrictEqual } from 'node:util'
import type {
  CustomColumn,
  CustomResourceDefinition,
  CustomSubresources,
  CustomVersion,
} from '../../../api/kinds/apiextensions.ts'
import { duplicateValue, type FieldError, invalidValue, required, tooMany } from '../../../api/meta/status.ts'
import { isDns1035Label } from '../../../api/meta/validation.ts'
import { followPath } from '../../cel/field-path.ts'
import { versionBefore } from './ratchet.ts'
import { shownVersions } from './shown.ts'
import { NOTHING, type Tolerated } from './tolerated.ts'
import { validateSchema } from './validate-schema.ts'

/** What is known of the definition that an update changes. */
export interface UpdateOptions {
  old?: CustomResourceDefinition
  tolerated?: Tolerated
}

/** What is wrong with the versions of a definition and with what each of them says for itself. */
export function validateVersions(
  given: readonly CustomVersion[] | undefined,
  update: UpdateOptions = {},
): FieldError[] {
  const versions = given ?? []
  const parts = partsOf(versions, update)
  const refuse = (detail: string): FieldError =>
    invalidValue('spec.versions', given && shownVersions(given), detail)
  return [
    ...validatePresence(versions, update.tolerated ?? NOTHING),
    ...versions.flatMap((version, i) => [
      ...validateVersion(version, i),
      ...parts.flatMap(part => part.own(i)),
    ]),
    ...(new Set(versions.map(({ name }) => name)).size < versions.length
      ? [refuse('must contain unique version names')]
      : []),
    ...(versions.filter(({ storage }) => storage).length === 1
      ? []
      : [refuse('must have exactly one version marked as storage version')]),
    ...validateFirstName(versions[0]?.name),
  ]
}

/** What is wrong with what all versions say alike: with upstream that is the definition's own. */
export const validateWhole = (versions: readonly CustomVersion[], update: UpdateOptions = {}): FieldError[] =>
  partsOf(versions, update).flatMap(part => part.whole())

function validatePresence(versions: readonly CustomVersion[], tolerated: Tolerated): FieldError[] {
  return versions.flatMap(({ schema, served }, i) => {
    const place = `spec.versions[${i}].schema.openAPIV3Schema`
    if (schema?.openAPIV3Schema) return []
    if (!tolerated.has('no schema')) return [required(place, '')]
    return served ? [required(place, 'because otherwise all fields are pruned')] : []
  })
}

function validateVersion(
  { name = '', deprecated, deprecationWarning }: CustomVersion,
  i: number,
): FieldError[] {
  const path = `spec.versions[${i}]`
  const faults = isDns1035Label(name)
  return [
    ...(faults.length > 0 ? [invalidValue(`${path}.name`, name, faults.join(','))] : []),
    ...validateWarning(`${path}.deprecationWarning`, deprecated, deprecationWarning),
  ]
}

/** Upstream's internal form still has one version beside the list: the first. */
function validateFirstName(name: string | undefined): FieldError[] {
  const faults = name ? isDns1035Label(name) : []
  return faults.length > 0 ? [invalidValue('spec.version', name, faults.join(','))] : []
}

const LONGEST_WARNING = 256

function validateWarning(
  path: string,
  deprecated: boolean | undefined,
  text: string | undefined,
): FieldError[] {
  if (text === undefined) return []
  if (!deprecated) return [invalidValue(path, text, 'can only be set for deprecated versions')]
  const errors: FieldError[] = []
  if (text.length > LONGEST_WARNING)
    errors.push(invalidValue(path, text, `must be <= ${LONGEST_WARNING} characters long`))
  if (text === '') errors.push(invalidValue(path, text, 'must not be an empty string'))
  // What Go calls printable: letters, marks, numbers, punctuation, symbols, and the space.
  const at = text.search(/[^\p{L}\p{M}\p{N}\p{P}\p{S} ]/u)
  if (at >= 0)
    errors.push(
      invalidValue(
        path,
        text,
        `must only contain printable UTF-8 characters; non-printable character found at index ${Buffer.byteLength(text.slice(0, at))}`,
      ),
    )
  return errors
}

/** What is wrong with one part of versions: said by each for itself, or by all alike. */
interface PartCheck {
  own(version: number): FieldError[]
  whole(): FieldError[]
}

/** With upstream, all versions saying the same is as if the definition as a whole said it. */
function partCheck<T>(
  versions: readonly CustomVersion[],
  part: (version: CustomVersion) => T | undefined,
  place: { whole: string; own: string },
  check: (path: string, value: T, of: readonly CustomVersion[]) => FieldError[],
): PartCheck {
  const values = versions.map(part)
  const [first] = values
  const isWhole = values.every(value => isDeepStrictEqual(value, first))
  return {
    own: i =>
      isWhole || values[i] === undefined
        ? []
        : check(`spec.versions[${i}].${place.own}`, values[i], [versions[i]!]),
    whole: () => (isWhole && first !== undefined ? check(`spec.${place.whole}`, first, versions) : []),
  }
}

const alike = (name: string): { whole: string; own: string } => ({ whole: name, own: name })

function partsOf(
  versions: readonly CustomVersion[],
  { old, tolerated = NOTHING }: UpdateOptions,
): PartCheck[] {
  const schemas = { whole: 'validation.openAPIV3Schema', own: 'schema.openAPIV3Schema' }
  return [
    partCheck(
      versions,
      ({ schema }) => schema?.openAPIV3Schema,
      schemas,
      (path, value, of) =>
        of.every(each => isUnchanged(each, old))
          ? []
          : validateSchema(value, path, { hasStatus: of.some(hasStatus), tolerated }),
    ),
    partCheck(versions, each => each.subresources, alike('subresources'), validateSubresources),
    partCheck(
      versions,
      each => each.additionalPrinterColumns,
      alike('additionalPrinterColumns'),
      (path, columns) => columns.flatMap((column, i) => validateColumn(`${path}[${i}]`, column)),
    ),
    partCheck(
      versions,
      each => each.selectableFields,
      alike('selectableFields'),
      (path, fields, [version]) => validateSelectable(path, fields, version!),
    ),
  ]
}

const hasStatus = ({ subresources }: CustomVersion): boolean => subresources?.status !== undefined

/** What was let through stays as it is: rules and estimates may have become stricter since. */
function isUnchanged(version: CustomVersion, old: CustomResourceDefinition | undefined): boolean {
  const before = versionBefore(old, version.name)
  return (
    before !== undefined &&
    hasStatus(before) === hasStatus(version) &&
    isDeepStrictEqual(before.schema, version.schema)
  )
}

function validateSubresources(path: string, { scale }: CustomSubresources): FieldError[] {
  if (!scale) return []
  const { specReplicasPath, statusReplicasPath, labelSelectorPath } = scale
  return [
    ...validateScalePath(`${path}.scale.specReplicasPath`, specReplicasPath, ['spec']),
    ...validateScalePath(`${path}.scale.statusReplicasPath`, statusReplicasPath, ['status']),
    ...(labelSelectorPath
      ? validateScalePath(`${path}.scale.labelSelectorPath`, labelSelectorPath, ['spec', 'status'])
      : []),
  ]
}

function validateScalePath(path: string, value: string | undefined, roots: readonly string[]): FieldError[] {
  if (!value) return [required(path, '')]
  if (!value.startsWith('.')) return [invalidValue(path, value, 'must be a simple json path starting with .')]
  const isBelow = roots.some(root => value.startsWith(`.${root}.`))
  if (isBelow) return []
  const places = roots.map(root => `.${root}`).join(' or ')
  return [
    invalidValue(
      path,
      value,
      `should be a json path under ${roots.length > 1 ? `either ${places}` : places}`,
    ),
  ]
}

const COLUMN_TYPES = ['integer', 'number', 'string', 'boolean', 'date']
const COLUMN_FORMATS = ['int32', 'int64', 'float', 'double', 'byte', 'date', 'date-time', 'password']

function validateColumn(path: string, { name, type, format, jsonPath }: CustomColumn): FieldError[] {
  const errors: FieldError[] = []
  if (!name) errors.push(required(`${path}.name`, ''))
  if (!type) errors.push(required(`${path}.type`, `must be one of ${COLUMN_TYPES.toSorted().join(',')}`))
  else if (!COLUMN_TYPES.includes(type))
    errors.push(invalidValue(`${path}.type`, type, `must be one of ${COLUMN_TYPES.toSorted().join(',')}`))
  if (format && !COLUMN_FORMATS.includes(format))
    errors.push(
      invalidValue(`${path}.format`, format, `must be one of ${COLUMN_FORMATS.toSorted().join(',')}`),
    )
  if (!jsonPath) errors.push(required(`${path}.JSONPath`, ''))
  else errors.push(...validatePath(`${path}.JSONPath`, jsonPath))
  return errors
}

/** Whether a path can be followed is seen when a Table is asked for. */
const validatePath = (path: string, text: string): FieldError[] =>
  text.startsWith('.') ? [] : [invalidValue(path, text, 'must be a simple json path starting with .')]

const MOST_SELECTABLE = 8
const SELECTABLE_TYPES = ['string', 'boolean', 'integer']

function validateSelectable(
  path: string,
  fields: readonly { jsonPath: string }[],
  { schema }: CustomVersion,
): FieldError[] {
  const errors: FieldError[] = []
  const seen = new Set<string>()
  for (const [i, { jsonPath }] of fields.entries()) {
    const place = `${path}[${i}].jsonPath`
    if (!jsonPath) {
      errors.push(required(place, ''))
      continue
    }
    const refuse = (detail: string): void => void errors.push(invalidValue(place, jsonPath, detail))
    const found = followPath(jsonPath, schema?.openAPIV3Schema ?? {}, { arrays: false })
    if ('fault' in found) {
      refuse(`is an invalid path: ${found.fault}`)
      continue
    }
    if (found.steps[0]?.key === 'metadata') refuse('must not point to fields in metadata')
    if (!SELECTABLE_TYPES.includes(found.schema?.type ?? ''))
      refuse(
        'must point to a field of type string, boolean or integer. Enum string fields and strings with formats are allowed.',
      )
    if (seen.has(found.text)) errors.push(duplicateValue(place, jsonPath))
    seen.add(found.text)
  }
  return seen.size > MOST_SELECTABLE ? [...errors, tooMany(path, seen.size, MOST_SELECTABLE)] : errors
}
