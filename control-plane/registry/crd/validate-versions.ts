import { isDeepStrictEqual } from 'node:util'
import type {
  CustomColumn,
  CustomResourceDefinition,
  CustomSubresources,
  CustomVersion,
  JsonSchemaProps,
} from '../../../api/kinds/apiextensions.ts'
import { compilePath } from '../../../api/meta/path.ts'
import { duplicateValue, type FieldError, invalidValue, required, tooMany } from '../../../api/meta/status.ts'
import { isDns1035Label } from '../../../api/meta/validation.ts'
import { pathFault } from '../../cel/field-path.ts'
import { versionBefore } from './ratchet.ts'
import { NOTHING, type Tolerated } from './tolerated.ts'
import { validateSchema } from './validate-schema.ts'

/** What is known of the definition that an update changes. */
export interface UpdateOptions {
  old?: CustomResourceDefinition
  tolerated?: Tolerated
}

/** What is wrong with the versions of a definition and with what each of them says. */
export function validateVersions(
  versions: readonly CustomVersion[],
  { old, tolerated = NOTHING }: UpdateOptions = {},
): FieldError[] {
  const errors: FieldError[] = []
  for (const [i, { name, deprecated, deprecationWarning }] of versions.entries()) {
    const path = `spec.versions[${i}]`
    const faults = isDns1035Label(name ?? '')
    if (faults.length > 0) errors.push(invalidValue(`${path}.name`, name ?? '', faults.join(',')))
    errors.push(...validateWarning(`${path}.deprecationWarning`, deprecated, deprecationWarning))
  }
  for (const [i, { schema, served }] of versions.entries()) {
    const place = `spec.versions[${i}].schema.openAPIV3Schema`
    if (schema?.openAPIV3Schema) continue
    if (!tolerated.has('no schema')) errors.push(required(place, ''))
    else if (served) errors.push(required(place, 'because otherwise all fields are pruned'))
  }
  if (new Set(versions.map(({ name }) => name)).size < versions.length)
    errors.push(invalidValue('spec.versions', versions, 'must contain unique version names'))
  if (versions.filter(({ storage }) => storage).length !== 1)
    errors.push(
      invalidValue('spec.versions', versions, 'must have exactly one version marked as storage version'),
    )
  return [...errors, ...validateParts(versions, old, tolerated)]
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

/** What versions have of one part; with upstream, all saying the same is as if the definition as a whole said it. */
function placesOf<T>(
  versions: readonly CustomVersion[],
  part: (version: CustomVersion) => T | undefined,
  whole: string,
  own: string,
): { path: string; value: T; version: CustomVersion }[] {
  const values = versions.map(part)
  const [first] = values
  if (values.every(value => isDeepStrictEqual(value, first)))
    return first === undefined ? [] : [{ path: `spec.${whole}`, value: first, version: versions[0]! }]
  return values.flatMap((value, i) =>
    value === undefined ? [] : [{ path: `spec.versions[${i}].${own}`, value, version: versions[i]! }],
  )
}

function validateParts(
  versions: readonly CustomVersion[],
  old: CustomResourceDefinition | undefined,
  tolerated: Tolerated,
): FieldError[] {
  const schemas = placesOf(
    versions,
    ({ schema }) => schema?.openAPIV3Schema,
    'validation.openAPIV3Schema',
    'schema.openAPIV3Schema',
  )
  const subresources = placesOf(versions, version => version.subresources, 'subresources', 'subresources')
  const columns = 'additionalPrinterColumns'
  const printed = placesOf(versions, version => version[columns], columns, columns)
  const selectable = placesOf(
    versions,
    version => version.selectableFields,
    'selectableFields',
    'selectableFields',
  )
  return [
    ...schemas.flatMap(({ path, value, version }) => {
      const isWhole = path.startsWith('spec.validation')
      if ((isWhole ? versions : [version]).every(each => isUnchanged(each, old))) return []
      return validateSchema(value, path, {
        hasStatus: (isWhole ? versions : [version]).some(hasStatus),
        tolerated,
      })
    }),
    ...subresources.flatMap(({ path, value }) => validateSubresources(path, value)),
    ...printed.flatMap(({ path, value }) =>
      value.flatMap((column, i) => validateColumn(`${path}[${i}]`, column)),
    ),
    ...selectable.flatMap(({ path, value, version }) => validateSelectable(path, value, version)),
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

function validatePath(path: string, text: string): FieldError[] {
  if (!/^[.[]/.test(text)) return [invalidValue(path, text, 'must be a simple json path starting with .')]
  try {
    compilePath(text)
    return []
  } catch (error) {
    return [invalidValue(path, text, (error as Error).message)]
  }
}

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
    const refuse = (detail: string): void => void errors.push(invalidValue(place, jsonPath, detail))
    const fault = jsonPath && faultOfSelectable(jsonPath, schema?.openAPIV3Schema ?? {})
    if (!jsonPath) errors.push(required(place, ''))
    else if (fault) refuse(`is an invalid path: ${fault}`)
    if (!jsonPath || fault) continue
    if (/^\.metadata(\.|$)/.test(jsonPath)) refuse('must not point to fields in metadata')
    if (!SELECTABLE_TYPES.includes(schemaAt(jsonPath, schema?.openAPIV3Schema)?.type ?? ''))
      refuse(
        'must point to a field of type string, boolean or integer. Enum string fields and strings with formats are allowed.',
      )
    if (seen.has(jsonPath)) errors.push(duplicateValue(place, jsonPath))
    seen.add(jsonPath)
  }
  return seen.size > MOST_SELECTABLE ? [...errors, tooMany(path, seen.size, MOST_SELECTABLE)] : errors
}

const faultOfSelectable = (jsonPath: string, schema: JsonSchemaProps): string | undefined =>
  jsonPath.includes('[') ? 'array notation is not allowed' : pathFault(jsonPath, schema)

function schemaAt(jsonPath: string, schema: JsonSchemaProps | undefined): JsonSchemaProps | undefined {
  let found = schema
  for (const key of jsonPath.slice(1).split('.')) {
    const values = found?.additionalProperties
    found = found?.properties ? found.properties[key] : typeof values === 'object' ? values : undefined
  }
  return found
}
