/** `%s`, `%d`, `%f`, `%e`, `%b`, `%o`, `%x`, `%X`, with a precision for the fractions. */
const VERB = /%(?:\.(\d+))?([sdfeboxX%])/g

/** `"%d of %s".format([1, "a"])`. @throws Error when a value is not of its verb's type */
export function format(text: string, values: readonly unknown[]): string {
  let next = 0
  const result = text.replace(VERB, (_, precision: string | undefined, verb: string) => {
    if (verb === '%') return '%'
    if (next >= values.length) throw new Error(`index ${next} out of range`)
    return one(verb, values[next++], precision === undefined ? 6 : Number(precision))
  })
  return result
}

function one(verb: string, value: unknown, precision: number): string {
  switch (verb) {
    case 's':
      return show(value)
    case 'd':
      if (typeof value !== 'bigint') throw wrong('d', 'integer')
      return String(value)
    case 'f':
      return number(value, 'f').toFixed(precision)
    case 'e':
      return number(value, 'e')
        .toExponential(precision)
        .replace(/e([+-])(\d)$/, 'e$10$2')
    default:
      return inBase(verb, value)
  }
}

const BASES: Record<string, number> = { b: 2, o: 8, x: 16, X: 16 }

function inBase(verb: string, value: unknown): string {
  if (verb.toLowerCase() === 'x' && typeof value === 'string')
    return cased(verb, Buffer.from(value).toString('hex'))
  if (verb === 'b' && typeof value === 'boolean') return value ? '1' : '0'
  if (typeof value !== 'bigint') throw wrong(verb, 'integer')
  return cased(verb, value.toString(BASES[verb]))
}

const cased = (verb: string, text: string): string => (verb === 'X' ? text.toUpperCase() : text)

function number(value: unknown, verb: string): number {
  if (typeof value !== 'number' && typeof value !== 'bigint') throw wrong(verb, 'double')
  return Number(value)
}

const wrong = (verb: string, wanted: string): Error =>
  new Error(`error during formatting: ${verb} clause can only be used on ${wanted}s`)

/** A value as `%s` prints it. */
function show(value: unknown): string {
  if (value === null) return 'null'
  if (Array.isArray(value)) return `[${value.map(show).join(', ')}]`
  if (value instanceof Map) return braces([...value])
  if (value instanceof Date) return value.toISOString().replace(/\.000Z$/, 'Z')
  if (typeof value === 'object' && value.constructor === Object) return braces(Object.entries(value))
  return String(value)
}

const braces = (entries: [unknown, unknown][]): string => {
  const members = entries.map(([key, value]) => `${show(key)}: ${show(value)}`)
  return `{${members.sort().join(', ')}}`
}
