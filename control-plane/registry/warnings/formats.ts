import type { CustomResourceDefinition } from '../../../api/kinds/apiextensions.ts'
import { isMap } from '../../../api/meta/patch/own.ts'
import { isKnownFormat } from '../../../api/schema/structural/formats.ts'

/** Taken without a look at the text. */
const UNCHECKED = 'password'

/** Where schemas are in a schema: beside one another, in a list, or by name. */
const BY_NAME = new Set(['properties', 'patternProperties', 'definitions', 'dependencies'])
const PARTS = [
  'items',
  'additionalItems',
  'additionalProperties',
  'not',
  'allOf',
  'anyOf',
  'oneOf',
  ...BY_NAME,
]

function unknownFormats(schema: unknown): string[] {
  if (Array.isArray(schema)) return schema.flatMap(unknownFormats)
  if (!isMap(schema)) return []
  const { type, format } = schema
  const isUnknown =
    type === 'string' &&
    typeof format === 'string' &&
    format !== '' &&
    format !== UNCHECKED &&
    !isKnownFormat(format)
  const inner = PARTS.flatMap(part => {
    const own = schema[part]
    return BY_NAME.has(part) && isMap(own) ? Object.values(own).flatMap(unknownFormats) : unknownFormats(own)
  })
  return isUnknown ? [format, ...inner] : inner
}

const formatsOf = ({ spec }: CustomResourceDefinition): Set<string> =>
  new Set((spec.versions ?? []).flatMap(({ schema }) => unknownFormats(schema?.openAPIV3Schema)))

/** A format that nobody knows is not checked: said when it first stands in a definition. */
export function formatWarnings(
  definition: CustomResourceDefinition,
  old: CustomResourceDefinition | undefined,
): string[] {
  const known = old ? formatsOf(old) : new Set<string>()
  return [...formatsOf(definition)]
    .filter(format => !known.has(format))
    .map(format => `unrecognized format ${JSON.stringify(format)}`)
}
