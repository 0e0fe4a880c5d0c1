import { isDeepStrictEqual } from 'node:util'
import type { CustomColumn, CustomSubresources, CustomVersion } from '../../../api/kinds/apiextensions.ts'
import { compilePath } from '../../../api/meta/path.ts'
import { duplicateValue, type FieldError, invalidValue, required, tooMany } from '../../../api/meta/status.ts'
import { isDns1035Label } from '../../../api/meta/validation.ts'
import { validateSchema } from './validate-schema.ts'

/** What is wrong with the versions of a definition and with what each of them says. */
export function validateVersions(versions: readonly CustomVersion[]): FieldError[] {
  const errors: FieldError[] = []
  for (const [i, { name, deprecated, deprecationWarning }] of versions.entries()) {
    const path = `spec.versions[${i}]`
    const faults = isDns1035Label(name ?? '')
    if (faults.length > 0) errors.push(invalidValue(`${path}.name`, name ?? '', faults.join(',')))
    errors.push(...validateWarning(`${path}.deprecationWarning`, deprecated, deprecationWarning))
  }
  for (const [i, { schema }] of versions.entries()) {
    if (!schema?.openAPIV3Schema)
      errors.push(required(`spec.versions[${i}].schema.openAPIV3Schema`, 'schemas are required'))
  }
  if (new Set(versions.map(({ name }) => name)).size < versions.length)
    errors.push(invalidValue('spec.versions', versions, 'must contain unique version names'))
  if (versions.filter(({ storage }) => storage).length !== 1)
    errors.push(
      invalidValue('spec.versions', versions, 'must have exactly one version marked as storage version'),
    )
  return [...errors, ...validateParts(versions)]
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
  if (text === '') errors.push(invalidValue(path, text, 'must not be empty'))
  // biome-ignore lint/suspicious/noControlCharactersInRegex: what a header cannot carry
  if (/[\x00-\x1f\x7f]/.test(text))
    errors.push(
      invalidValue(path, text, 'must only contain printable UTF-8 characters; non-printable character found'),
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

function validateParts(versions: readonly CustomVersion[]): FieldError[] {
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
    ...schemas.flatMap(({ path, value, version }) =>
      validateSchema(value, path, version.subresources?.status !== undefined),
    ),
    ...subresources.flatMap(({ path, value }) => validateSubresources(path, value)),
    ...printed.flatMap(({ path, value }) =>
      value.flatMap((column, i) => validateColumn(`${path}[${i}]`, column)),
    ),
    ...selectable.flatMap(({ path, value, version }) => validateSelectable(path, value, version)),
  ]
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
  if (!/^(\.[\w-]+)+$/.test(value))
    return [invalidValue(path, value, 'should be a json path without array notation')]
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
  if (!jsonPath) errors.push(required(`${path}.jsonPath`, ''))
  else errors.push(...validatePath(`${path}.jsonPath`, jsonPath))
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
  const errors: FieldError[] =
    fields.length > MOST_SELECTABLE ? [tooMany(path, fields.length, MOST_SELECTABLE)] : []
  const seen = new Set<string>()
  for (const [i, { jsonPath }] of fields.entries()) {
    const place = `${path}[${i}].jsonPath`
    if (!jsonPath) errors.push(required(place, ''))
    else if (!/^(\.[A-Za-z_][\w-]*)+$/.test(jsonPath))
      errors.push(invalidValue(place, jsonPath, 'is an invalid path: only simple field paths are allowed'))
    else if (/^\.metadata(\.|$)/.test(jsonPath))
      errors.push(invalidValue(place, jsonPath, 'must not point to fields in metadata'))
    else errors.push(...validateSelectableType(place, jsonPath, schema))
    if (seen.has(jsonPath)) errors.push(duplicateValue(place, jsonPath))
    seen.add(jsonPath)
  }
  return errors
}

function validateSelectableType(
  place: string,
  jsonPath: string,
  schema: CustomVersion['schema'],
): FieldError[] {
  let found = schema?.openAPIV3Schema
  for (const key of jsonPath.slice(1).split('.')) found = found?.properties?.[key]
  if (!found) return [invalidValue(place, jsonPath, 'is an invalid path: does not refer to a valid field')]
  const isAllowed = SELECTABLE_TYPES.includes(found.type ?? '')
  return isAllowed
    ? []
    : [
        invalidValue(
          place,
          jsonPath,
          'must point to a field of type string, boolean or integer. Enum string fields and strings with formats are allowed.',
        ),
      ]
}
