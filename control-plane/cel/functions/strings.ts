import { patternOf } from '../language/standard.ts'
import { EvaluationError } from '../language/values.ts'
import { format } from './string-format.ts'
import { addAll, type Register } from './types.ts'

/** Texts as version 2 of cel-go's extension has them, and Kubernetes' regular expressions. */
export const registerStrings: Register = environment => {
  addAll(environment, {
    charAt: { string_char_at_int: ['string.(int): string', charAt] },
    indexOf: {
      string_index_of_string: [
        'string.(string): int',
        (text: string, part: string) => indexOf(text, part, 0n),
      ],
      string_index_of_string_int: ['string.(string, int): int', indexOf],
    },
    lastIndexOf: {
      string_last_index_of_string: ['string.(string): int', lastIndexOf],
      string_last_index_of_string_int: ['string.(string, int): int', lastIndexOf],
    },
    lowerAscii: { string_lower_ascii: ['string.(): string', lowerAscii] },
    upperAscii: { string_upper_ascii: ['string.(): string', upperAscii] },
    replace: {
      string_replace_string_string: ['string.(string, string): string', replace],
      string_replace_string_string_int: ['string.(string, string, int): string', replace],
    },
    split: {
      string_split_string: ['string.(string): list(string)', split],
      string_split_string_int: ['string.(string, int): list(string)', split],
    },
    substring: {
      string_substring_int: ['string.(int): string', substring],
      string_substring_int_int: ['string.(int, int): string', substring],
    },
    trim: { string_trim: ['string.(): string', trim] },
    join: {
      list_join: ['list(string).(): string', join],
      list_join_string: ['list(string).(string): string', join],
    },
    format: { string_format: ['string.(list(dyn)): string', format] },
    'strings.quote': { strings_quote: ['(string): string', quote] },
    find: { string_find_string: ['string.(string): string', find] },
    findAll: {
      string_find_all_string: ['string.(string): list(string)', findAll],
      string_find_all_string_int: ['string.(string, int): list(string)', findAll],
    },
  })
}

const outOfRange = (at: bigint): EvaluationError => new EvaluationError(`index out of range: ${at}`)

function charAt(text: string, at: bigint): string {
  const characters = [...text]
  if (at < 0n || at > characters.length) throw outOfRange(at)
  return characters[Number(at)] ?? ''
}

/** Whether some characters are in others from a place on. */
const isAt = (characters: string[], part: string[], at: number): boolean =>
  part.every((character, i) => characters[at + i] === character)

function indexOf(text: string, part: string, from: bigint): bigint {
  if (part === '') return from
  if (from < 0n) throw outOfRange(from)
  const [characters, wanted] = [[...text], [...part]]
  for (let at = Number(from); at <= characters.length - wanted.length; at++)
    if (isAt(characters, wanted, at)) return BigInt(at)
  return -1n
}

function lastIndexOf(text: string, part: string, from?: bigint): bigint {
  const [characters, wanted] = [[...text], [...part]]
  if (part === '') return from ?? BigInt(characters.length)
  if (from !== undefined && from < 0n) throw outOfRange(from)
  if (from !== undefined && from >= characters.length) return -1n
  const last = characters.length - wanted.length
  for (let at = Math.min(Number(from ?? last), last); at >= 0; at--)
    if (isAt(characters, wanted, at)) return BigInt(at)
  return -1n
}

const lowerAscii = (text: string): string => text.replace(/[A-Z]+/g, part => part.toLowerCase())
const upperAscii = (text: string): string => text.replace(/[a-z]+/g, part => part.toUpperCase())

/** Puts a text in place of the first so many occurrences of another. Nothing occurs before and behind each character. */
function replace(text: string, from: string, to: string, count = -1n): string {
  let left = count < 0n ? Number.POSITIVE_INFINITY : Number(count)
  if (from !== '') return text.replaceAll(from, found => (left-- > 0 ? to : found))
  const parts = [...text].map(character => (left-- > 0 ? to : '') + character)
  return parts.join('') + (left > 0 ? to : '')
}

function split(text: string, separator: string, count = -1n): string[] {
  if (count === 0n) return []
  const parts = separator === '' ? [...text] : text.split(separator)
  if (count < 0n || parts.length <= count) return parts
  const first = parts.slice(0, Number(count) - 1)
  return [...first, parts.slice(Number(count) - 1).join(separator)]
}

function substring(text: string, start: bigint, end?: bigint): string {
  const characters = [...text]
  if (end !== undefined && start > end)
    throw new EvaluationError(`invalid substring range. start: ${start}, end: ${end}`)
  if (start < 0n || start > characters.length) throw outOfRange(start)
  if (end !== undefined && end > characters.length) throw outOfRange(end)
  return characters.slice(Number(start), end === undefined ? undefined : Number(end)).join('')
}

/** What Unicode calls white space; JavaScript also takes the mark of byte order for it. */
const trim = (text: string): string => text.replace(/^\p{White_Space}+|\p{White_Space}+$/gu, '')

function join(parts: unknown[], separator = ''): string {
  for (const part of parts)
    if (typeof part !== 'string') throw new EvaluationError(`join: invalid input: ${part}`)
  return parts.join(separator)
}

const QUOTED: Record<string, string> = {
  '\x07': '\\a',
  '\b': '\\b',
  '\f': '\\f',
  '\n': '\\n',
  '\r': '\\r',
  '\t': '\\t',
  '\v': '\\v',
  '\\': '\\\\',
  '"': '\\"',
}

const NEEDS_ESCAPE = new RegExp(`[${Object.keys(QUOTED).join('').replace('\\', '\\\\')}]`, 'g')

/** A text in double quotes, with escapes. */
const quote = (text: string): string =>
  `"${text.toWellFormed().replace(NEEDS_ESCAPE, character => QUOTED[character]!)}"`

function regex(pattern: string): RegExp {
  try {
    return patternOf(pattern)
  } catch (cause) {
    throw new EvaluationError(`Illegal regex: ${(cause as Error).message}`, { cause })
  }
}

const find = (text: string, pattern: string): string => regex(pattern).exec(text)?.[0] ?? ''

function findAll(text: string, pattern: string, most = -1n): string[] {
  const { source, flags } = regex(pattern)
  const limit = most < 0n ? Number.POSITIVE_INFINITY : Number(most)
  return [...text.matchAll(new RegExp(source, `${flags}g`))].slice(0, limit).map(([found]) => found)
}
