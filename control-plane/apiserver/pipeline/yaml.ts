import { LineCounter, parse } from 'yaml'
import { badRequest } from '../../../api/meta/status.ts'
import { jsonTags } from './body.ts'

/** A key that stands twice, as Go's strict reader says it. */
const duplicate = (line: number, key: string): string =>
  `  line ${line}: key ${JSON.stringify(key)} already set in map`

/**
 * Reads YAML in which keys may stand twice: the last one counts, and `duplicates` says which they are.
 * @throws StatusError 400
 */
export function parseYamlTolerantly(text: string): { value: unknown; duplicates?: string } {
  const lines = new LineCounter()
  const found = new Set<string>()
  const uniqueKeys = (a: any, b: any): boolean => {
    if (a?.value !== b?.value || typeof b?.value !== 'string') return false
    found.add(duplicate(lines.linePos(b.range?.[0] ?? 0).line, b.value))
    return false
  }
  try {
    const value = parse(text, {
      version: '1.1',
      merge: true,
      logLevel: 'error',
      customTags: jsonTags,
      lineCounter: lines,
      uniqueKeys,
    })
    if (found.size === 0) return { value }
    const problems = ['unmarshal errors:', ...found].join('\n')
    return { value, duplicates: `error converting YAML to JSON: yaml: ${problems}` }
  } catch (cause) {
    throw badRequest(`error decoding YAML: error converting YAML to JSON: yaml: ${(cause as Error).message}`)
  }
}
