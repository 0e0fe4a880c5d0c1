import type { JsonSchemaProps } from '../../api/kinds/apiextensions.ts'

/** Whether the parts of a value can be told from one update to the next. */
export function canCorrelate(schema: JsonSchemaProps): boolean {
  return schema.type !== 'array' || schema['x-kubernetes-list-type'] === 'map'
}

/** One step of a path: into a field by its name, or into a map by a key. */
interface Step {
  key: string
  isNamed: boolean
}

/** Where a path leads to; `text` is how errors show it: keys of maps in brackets. */
interface Followed {
  steps: Step[]
  schema: JsonSchemaProps | undefined
  text: string
}

/** Dots and brackets, texts in single quotes, and whatever stands between them. */
const TOKEN = /'(?:\\.|[^'\\])*'|'.*|[.[\]]|[^.[\]]+/gs

const END = 'unexpected end of JSON path'
const NO_FIELD = 'does not refer to a valid field'

/** Follows `.spec.replicas`, `.labels['a.b']` from where a schema stands. */
export function followPath(
  path: string,
  schema: JsonSchemaProps,
  { arrays = true }: { arrays?: boolean } = {},
): Followed | { fault: string } {
  const tokens = path.match(TOKEN) ?? []
  const steps: Step[] = []
  let part: JsonSchemaProps | undefined = schema
  let at = 0
  while (at < tokens.length) {
    const mark = tokens[at++]!
    if (mark !== '.' && mark !== '[') return { fault: `expected [ or . but got: ${mark}` }
    if (mark === '[' && !arrays) return { fault: 'array notation is not allowed' }
    const token = tokens[at++]
    if (token === undefined) return { fault: END }
    if (mark === '[' && !/^'.*'$/s.test(token))
      return { fault: `expected single quoted string but got ${token}` }
    const step: Step = {
      key: mark === '[' ? withoutEscapes(token.slice(1, -1)) : token,
      isNamed: hasFields(part),
    }
    part = partAt(part, step)
    if (!part) return { fault: NO_FIELD }
    steps.push(step)
    if (mark === '.') continue
    const close = tokens[at++]
    if (close !== ']') return { fault: close === undefined ? END : `expected ] but got ${close}` }
  }
  return { steps, schema: part, text: textOf(steps) }
}

const hasFields = (schema: JsonSchemaProps | undefined): boolean =>
  Object.keys(schema?.properties ?? {}).length > 0

function partAt(schema: JsonSchemaProps | undefined, { key, isNamed }: Step): JsonSchemaProps | undefined {
  const { properties = {}, additionalProperties } = schema ?? {}
  if (isNamed) return Object.hasOwn(properties, key) ? properties[key] : undefined
  return typeof additionalProperties === 'object' ? additionalProperties : undefined
}

const textOf = (steps: readonly Step[]): string =>
  steps.reduce((text, { key, isNamed }) => text + (isNamed ? `${text ? '.' : ''}${key}` : `[${key}]`), '')

const ESCAPES: Record<string, string> = { a: '\x07', b: '\b', f: '\f', n: '\n', r: '\r', t: '\t', v: '\v' }

const withoutEscapes = (text: string): string =>
  text.replace(/\\(.)/gs, (_, letter: string) => ESCAPES[letter] ?? letter)

/** What is wrong with a path from where a schema stands to a field that it has; undefined when nothing is. */
export function pathFault(path: string, schema: JsonSchemaProps): string | undefined {
  const found = followPath(path, schema)
  return 'fault' in found ? found.fault : undefined
}

/** A path as errors have it: members of maps in brackets. */
export function normalPath(path: string, schema: JsonSchemaProps): string {
  const found = followPath(path, schema)
  return 'fault' in found ? path : found.text
}
