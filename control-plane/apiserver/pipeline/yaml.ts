import { isUtf8 } from 'node:buffer'
import { LineCounter, parse, stringify, type Tags } from 'yaml'
import { parseJson, writeBigints } from '../../../api/meta/json.ts'
import { badRequest } from '../../../api/meta/status.ts'

/** Tags of YAML 1.1 whose values are no JSON, or that Go's reader does not know: dates, sets, base 60 … */
const NOT_JSON = /:(binary|omap|pairs|set|timestamp)$/
const BINARY = {
  tag: 'tag:yaml.org,2002:binary',
  resolve: (text: string) => Buffer.from(text, 'base64').toString(),
}

const jsonTags = (tags: Tags): Tags => [
  ...tags.filter(tag => typeof tag === 'string' || (!NOT_JSON.test(tag.tag) && tag.format !== 'TIME')),
  BINARY,
]

/** A key that stands twice, as Go's strict reader says it. */
const duplicate = (line: number, key: string): string =>
  `  line ${line}: key ${JSON.stringify(key)} already set in map`

/** What a text holds; `duplicates` says which keys stand twice in a map (the last one counts). */
export interface Yaml {
  value: unknown
  duplicates?: string
}

/** All that may stand in a YAML document. */
const READABLE = /^[\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufffd\u{10000}-\u{10ffff}]*$/u

/** The text of a document in YAML, which unlike JSON has to be sound UTF-8. @throws Error that begins with `yaml: ` */
export function yamlText(body: Buffer): string {
  if (!isUtf8(body)) throw new Error('yaml: invalid leading UTF-8 octet')
  const text = body.toString()
  if (!READABLE.test(text)) throw new Error('yaml: control characters are not allowed')
  return text
}

/** Reads the first document of a text in YAML 1.1, as upstream does. @throws Error that begins with `yaml: ` */
export function readYaml(text: string): Yaml {
  const lines = new LineCounter()
  const found = new Set<string>()
  const uniqueKeys = (a: any, b: any): boolean => {
    if (a?.value !== b?.value || typeof b?.value !== 'string') return false
    found.add(duplicate(lines.linePos(b.range?.[0] ?? 0).line, b.value))
    return false
  }
  const isExact = LONG_NUMBER.test(text)
  try {
    const value = parse(firstDocument(text), {
      version: '1.1',
      intAsBigInt: isExact,
      merge: true,
      logLevel: 'error',
      customTags: jsonTags,
      lineCounter: lines,
      uniqueKeys,
      stringKeys: true,
    })
    const duplicates = ['yaml: unmarshal errors:', ...found].join('\n')
    return { value: asJson(text, value, isExact), ...(found.size > 0 && { duplicates }) }
  } catch (cause) {
    throw new Error(reason(cause as Error), { cause })
  }
}

/** What a number that no double holds has at least, to whatever base it is written. */
const LONG_NUMBER = /[\da-f_]{14}/i

/** What an alias names becomes a copy; numbers that JSON has not are refused. */
function asJson(text: string, value: unknown, isExact: boolean): unknown {
  if (value === undefined) return value
  if (isExact) writeBigints()
  else if (!/\*|\.(inf|nan)|e\+?\d{3}/i.test(text)) return value
  const finite = (_: string, part: unknown): unknown => {
    if (typeof part !== 'number' || Number.isFinite(part)) return part
    throw new Error(`json: unsupported value: ${Number.isNaN(part) ? 'NaN' : part > 0 ? '+Inf' : '-Inf'}`)
  }
  return parseJson(JSON.stringify(value, finite))
}

/** A message in one line, with Go's words for what can be told of in them. */
function reason({ message }: Error): string {
  if (message.startsWith('json: ')) return message
  const [, what = message, line] = /^(.*?) at line (\d+), column/s.exec(message) ?? []
  const alias = /^Unresolved alias .*: (\S+)/.exec(what)?.[1]
  if (alias) return `yaml: unknown anchor '${alias}' referenced`
  const words = Object.keys(GO_WORDS).find(start => what.startsWith(start))
  if (words) return `yaml: ${GO_WORDS[words]}`
  return line ? `yaml: line ${line}: ${what}` : `yaml: ${what}`
}

const GO_WORDS: Record<string, string> = {
  'Maximum call stack': 'exceeded max depth of 10000',
  'Converting circular': 'anchor value contains itself',
  'Excessive alias': 'document contains excessive aliasing',
  'With stringKeys': 'invalid map key',
}

/** Upstream reads no further. A line that begins with three dashes cannot stand in a block. */
function firstDocument(text: string): string {
  const start = /^(?:\s*#.*\n|\s*\n|%.*\n)*---(?:[ \t]|\r?\n|$)/.exec(text)?.[0].length ?? 0
  const end = text.slice(start).search(/^---(?:\s|$)/m)
  return end < 0 ? text : text.slice(0, start + end)
}

/** Reads the YAML of an apply request. @throws StatusError 400 */
export function readApplied(body: Buffer): Yaml {
  try {
    const { value, duplicates } = readYaml(yamlText(body))
    return { value, ...(duplicates && { duplicates: `error converting YAML to JSON: ${duplicates}` }) }
  } catch (cause) {
    throw badRequest(`error decoding YAML: error converting YAML to JSON: ${(cause as Error).message}`)
  }
}

/** Writes an object as upstream does: what a reader of YAML 1.1 could take for anything but a text is quoted. */
export const writeYaml = (value: object): Buffer =>
  Buffer.from(
    stringify(value, {
      version: '1.1',
      customTags: tags => tags,
      sortMapEntries: true,
      indentSeq: false,
      lineWidth: 0,
      aliasDuplicateObjects: false,
    }),
  )
