import type { JsonSchemaProps } from '../../api/kinds/apiextensions.ts'

/** Whether the parts of a value can be told from one update to the next. */
export function canCorrelate(schema: JsonSchemaProps): boolean {
  return schema.type !== 'array' || schema['x-kubernetes-list-type'] === 'map'
}

/** `.spec.replicas`, `.labels['a.b']` as steps; a text where it is no path. */
function stepsOf(path: string): string[] | string {
  const steps: string[] = []
  let rest = path
  while (rest !== '') {
    const [whole, name, quoted] = /^(?:\.([^.[\]]+)|\['((?:\\.|[^'\\])*)'\])/s.exec(rest) ?? []
    if (whole === undefined)
      return rest.startsWith('[') ? 'expected single quoted string' : `expected [ or . but got: ${rest}`
    steps.push(name ?? withoutEscapes(quoted!))
    rest = rest.slice(whole.length)
  }
  return steps
}

const ESCAPES: Record<string, string> = { a: '\x07', b: '\b', f: '\f', n: '\n', r: '\r', t: '\t', v: '\v' }

const withoutEscapes = (text: string): string =>
  text.replace(/\\(.)/gs, (_, letter: string) => ESCAPES[letter] ?? letter)

/** What is wrong with a path from where a schema stands to a field that it has; undefined when nothing is. */
export function pathFault(path: string, schema: JsonSchemaProps): string | undefined {
  const steps = stepsOf(path)
  if (typeof steps === 'string') return steps
  let part: JsonSchemaProps | undefined = schema
  for (const step of steps) {
    const values: JsonSchemaProps | undefined =
      typeof part?.additionalProperties === 'object' ? part.additionalProperties : undefined
    part = part?.properties ? part.properties[step] : values
    if (!part) return 'does not refer to a valid field'
  }
  return undefined
}

/** A path as errors have it: members of maps in brackets. */
export function normalPath(path: string, schema: JsonSchemaProps): string {
  const steps = stepsOf(path)
  if (typeof steps === 'string') return path
  let part: JsonSchemaProps | undefined = schema
  let text = ''
  for (const step of steps) {
    text += part?.properties ? `${text ? '.' : ''}${step}` : `[${step}]`
    const values: JsonSchemaProps['additionalProperties'] = part?.additionalProperties
    part = part?.properties?.[step] ?? (typeof values === 'object' ? values : undefined)
  }
  return text
}
