import type { ParseJson } from '../meta/json.ts'
import type { ApiObject, WatchEvent } from '../meta/object.ts'

/** What our server writes of an object up to managedFields, and what follows them. */
const REVISION = '"metadata":{"resourceVersion":"'
const MANAGED = ',"managedFields":['
const AFTER = '],"name":"'
/** The type of an event and of its object stand before metadata: no more than that is looked through. Bytes. */
const FURTHEST = 1_024

/**
 * Parses a watch event without its object's managedFields, which are as large as all the rest: caches have no use for them.
 * Where they stand as our server puts them they are not even parsed.
 */
export function parseTrimmed<T extends ApiObject>(
  line: Buffer,
  parse: ParseJson = JSON.parse,
): WatchEvent<T> {
  const event: WatchEvent<T> = parse(withoutManaged(line))
  if (event.object.metadata) trim(event.object)
  return event
}

/** Takes managedFields away, in place. */
export function trim({ metadata }: ApiObject): void {
  if (metadata.managedFields) delete metadata.managedFields
}

function withoutManaged(line: Buffer): string {
  const mark = line.indexOf(REVISION)
  const quote = mark < 0 || mark > FURTHEST ? -1 : line.indexOf('"', mark + REVISION.length)
  const start = quote + 1
  if (quote < 0 || line.toString('latin1', start, start + MANAGED.length) !== MANAGED) return line.toString()
  const end = line.indexOf(AFTER, start)
  return end < 0 ? line.toString() : line.toString('utf8', 0, start) + line.toString('utf8', end + 1)
}
