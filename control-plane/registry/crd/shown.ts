import { isDeepStrictEqual } from 'node:util'
import type { CustomVersion, JsonSchemaProps, ValidationRule } from '../../../api/kinds/apiextensions.ts'
import { isMap } from '../../../api/meta/patch/own.ts'
import { shownRule } from '../../cel/shown-rule.ts'

/**
 * Versions and schemas as messages show them: in upstream's internal form, where every field has its Go name and is told
 * whether it is set or not.
 */
export function shownVersions(versions: readonly CustomVersion[]): object[] {
  const schema = ownOf(versions, each => each.schema)
  const subresources = ownOf(versions, each => each.subresources)
  const columns = ownOf(versions, each => each.additionalPrinterColumns)
  const fields = ownOf(versions, each => each.selectableFields)
  return versions.map((version, i) => ({
    Name: version.name ?? '',
    Served: version.served ?? false,
    Storage: version.storage ?? false,
    Deprecated: version.deprecated ?? false,
    DeprecationWarning: version.deprecationWarning ?? null,
    Schema: schema(i, ({ openAPIV3Schema: it }) => ({ OpenAPIV3Schema: it ? shownSchema(it) : null })),
    Subresources: subresources(i, shownSubresources),
    AdditionalPrinterColumns: columns(i, list => list.map(shownColumn)),
    SelectableFields: fields(i, list => list.map(({ jsonPath }) => ({ JSONPath: jsonPath ?? '' }))),
  }))
}

/** What is the same in all versions is the definition's own there, and no version's. */
function ownOf<T>(
  versions: readonly CustomVersion[],
  part: (version: CustomVersion) => T | undefined,
): (i: number, show: (value: T) => unknown) => unknown {
  const values = versions.map(part)
  const isShared = values.every(value => isDeepStrictEqual(value, values[0]))
  return (i, show) => {
    const value = values[i]
    return isShared || value === undefined ? null : show(value)
  }
}

const shownSubresources = ({ status, scale }: NonNullable<CustomVersion['subresources']>): object => ({
  Status: status ? {} : null,
  Scale: scale
    ? {
        SpecReplicasPath: scale.specReplicasPath ?? '',
        StatusReplicasPath: scale.statusReplicasPath ?? '',
        LabelSelectorPath: scale.labelSelectorPath ?? null,
      }
    : null,
})

function shownColumn(column: NonNullable<CustomVersion['additionalPrinterColumns']>[number]): object {
  const { name = '', type = '', format = '', description = '', priority = 0, jsonPath = '' } = column
  return {
    Name: name,
    Type: type,
    Format: format,
    Description: description,
    Priority: priority,
    JSONPath: jsonPath,
  }
}

type Show = (value: any) => unknown

const asIs: Show = value => value
const listOf =
  (show: Show): Show =>
  (values: unknown[]) =>
    values.length > 0 ? values.map(show) : null
const schemas: Show = (map: Record<string, JsonSchemaProps>) =>
  Object.fromEntries(
    Object.entries(map)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([key, part]) => [key, shownSchema(part)]),
  )
const schema: Show = part => shownSchema(part)
const orBool: Show = part => ({
  Allows: part !== false,
  Schema: isMap(part) ? shownSchema(part as JsonSchemaProps) : null,
})
const orList: Show = part =>
  Array.isArray(part)
    ? { Schema: null, JSONSchemas: part.map(schema) }
    : { Schema: shownSchema(part), JSONSchemas: null }

/** Words of a schema in the order of the internal form: Go name, what is shown where nothing is said, and how a value is. */
const WORDS: readonly [word: string, name: string, absent: unknown, show: Show][] = [
  ['id', 'ID', '', asIs],
  ['$schema', 'Schema', '', asIs],
  ['$ref', 'Ref', null, asIs],
  ['description', 'Description', '', asIs],
  ['type', 'Type', '', asIs],
  ['nullable', 'Nullable', false, asIs],
  ['format', 'Format', '', asIs],
  ['title', 'Title', '', asIs],
  ['default', 'Default', null, asIs],
  ['maximum', 'Maximum', null, asIs],
  ['exclusiveMaximum', 'ExclusiveMaximum', false, asIs],
  ['minimum', 'Minimum', null, asIs],
  ['exclusiveMinimum', 'ExclusiveMinimum', false, asIs],
  ['maxLength', 'MaxLength', null, asIs],
  ['minLength', 'MinLength', null, asIs],
  ['pattern', 'Pattern', '', asIs],
  ['maxItems', 'MaxItems', null, asIs],
  ['minItems', 'MinItems', null, asIs],
  ['uniqueItems', 'UniqueItems', false, asIs],
  ['multipleOf', 'MultipleOf', null, asIs],
  ['enum', 'Enum', null, listOf(asIs)],
  ['maxProperties', 'MaxProperties', null, asIs],
  ['minProperties', 'MinProperties', null, asIs],
  ['required', 'Required', null, listOf(asIs)],
  ['items', 'Items', null, orList],
  ['allOf', 'AllOf', null, listOf(schema)],
  ['oneOf', 'OneOf', null, listOf(schema)],
  ['anyOf', 'AnyOf', null, listOf(schema)],
  ['not', 'Not', null, schema],
  ['properties', 'Properties', null, schemas],
  ['additionalProperties', 'AdditionalProperties', null, orBool],
  ['patternProperties', 'PatternProperties', null, schemas],
  ['dependencies', 'Dependencies', null, asIs],
  ['additionalItems', 'AdditionalItems', null, orBool],
  ['definitions', 'Definitions', null, schemas],
  [
    'externalDocs',
    'ExternalDocs',
    null,
    ({ description = '', url = '' }) => ({ Description: description, URL: url }),
  ],
  ['example', 'Example', null, asIs],
  ['x-kubernetes-preserve-unknown-fields', 'XPreserveUnknownFields', null, asIs],
  ['x-kubernetes-embedded-resource', 'XEmbeddedResource', false, asIs],
  ['x-kubernetes-int-or-string', 'XIntOrString', false, asIs],
  ['x-kubernetes-list-map-keys', 'XListMapKeys', null, listOf(asIs)],
  ['x-kubernetes-list-type', 'XListType', null, asIs],
  ['x-kubernetes-map-type', 'XMapType', null, asIs],
  ['x-kubernetes-validations', 'XValidations', null, listOf(rule => shownRule(rule as ValidationRule))],
]

/** A schema in that form. */
export function shownSchema(schema: JsonSchemaProps): object {
  return Object.fromEntries(
    WORDS.map(([word, name, absent, show]) => {
      const value = schema[word as keyof JsonSchemaProps]
      return [name, value === undefined ? absent : show(value)]
    }),
  )
}
