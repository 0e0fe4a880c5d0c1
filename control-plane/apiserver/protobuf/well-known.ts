import type { Reader } from './reader.ts'

/** Seconds and nanoseconds of a meta/v1 Time or MicroTime; undefined for the empty message, which is Go's zero time. */
function instant(reader: Reader): { seconds: number; nanos: number } | undefined {
  let isSet = false
  const found = { seconds: 0, nanos: 0 }
  while (!reader.isAtEnd) {
    const { number, wireType } = reader.tag()
    isSet = true
    if (number === 1) found.seconds = reader.int()
    else if (number === 2) found.nanos = reader.int()
    else reader.skip(wireType)
  }
  return isSet ? found : undefined
}

/** meta/v1 Time as in JSON: whole seconds. */
export function time(reader: Reader): string | undefined {
  const found = instant(reader)
  return found && `${new Date(found.seconds * 1000).toISOString().slice(0, 19)}Z`
}

/** meta/v1 MicroTime as in JSON: six decimals. */
export function microTime(reader: Reader): string | undefined {
  const found = instant(reader)
  if (!found) return undefined
  const micros = String(Math.floor(found.nanos / 1000)).padStart(6, '0')
  return `${new Date(found.seconds * 1000).toISOString().slice(0, 19)}.${micros}Z`
}

const STRING = 1

export function intOrString(reader: Reader): number | string {
  let type = 0
  let int = 0
  let text = ''
  while (!reader.isAtEnd) {
    const { number, wireType } = reader.tag()
    if (number === 1) type = reader.int()
    else if (number === 2) int = reader.int()
    else if (number === 3) text = reader.string()
    else reader.skip(wireType)
  }
  return type === STRING ? text : int
}
