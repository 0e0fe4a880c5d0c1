import type { WatchEvent } from '../../../api/meta/object.ts'
import { REVISION_MARK } from '../../../plugins/store.ts'
import { Entry } from '../cache/entry.ts'
import { type Filter, selects } from '../cache/filter.ts'
import type { CacheEvent } from '../cache/history.ts'

/** Makes the form of an object that a watcher asked for. `id` is the same for encoders that make the same bytes. */
export interface ObjectEncoder {
  id: string
  encode(entry: Entry): Buffer
}

/** The object as it is stored. */
export const plainEncoder: ObjectEncoder = { id: '', encode: entry => entry.bytes }

const HEADS = {
  ADDED: Buffer.from('{"type":"ADDED","object":'),
  MODIFIED: Buffer.from('{"type":"MODIFIED","object":'),
  DELETED: Buffer.from('{"type":"DELETED","object":'),
} as const
const END = Buffer.from('}\n')

type EventType = keyof typeof HEADS

/** What a change means to a watcher with a filter: an object that starts to match was added, one that stops was deleted. */
export function transition(filter: Filter, event: CacheEvent): [EventType, Entry] | undefined {
  const { type, entry, previous } = event
  if (type === 'created') return selects(filter, entry) ? ['ADDED', entry] : undefined
  if (type === 'deleted') return selects(filter, previous ?? entry) ? ['DELETED', entry] : undefined
  if (filter.matches === undefined) return selects(filter, entry) ? ['MODIFIED', entry] : undefined
  const before = previous !== undefined && selects(filter, previous)
  if (selects(filter, entry)) return [before ? 'MODIFIED' : 'ADDED', entry]
  return before ? ['DELETED', withRevision(previous, entry.revision)] : undefined
}

/** The line that tells a watcher of a change; undefined when it does not concern it. Made once for all watchers. */
export function frameOf(event: CacheEvent, filter: Filter, encoder: ObjectEncoder): Buffer | undefined {
  const change = transition(filter, event)
  if (!change) return undefined
  const [type, entry] = change
  const id = `${type}${encoder.id}`
  event.frames ??= new Map()
  let frame = event.frames.get(id)
  if (!frame) {
    frame = line(type, encoder.encode(entry))
    event.frames.set(id, frame)
  }
  return frame
}

export function line(type: EventType, object: Buffer): Buffer {
  return Buffer.concat([HEADS[type], object, END])
}

/** A line that carries no stored object: BOOKMARK and ERROR. */
export function specialLine(event: WatchEvent<any>): Buffer {
  return Buffer.from(`${JSON.stringify(event)}\n`)
}

/** The same object as of another revision. */
function withRevision(entry: Entry, revision: number): Entry {
  const { bytes, key } = entry
  const start = bytes.indexOf(REVISION_MARK) + REVISION_MARK.length
  const end = bytes.indexOf('"', start)
  const digits = Buffer.from(String(revision))
  const spliced = Buffer.concat([bytes.subarray(0, start), digits, bytes.subarray(end)])
  return new Entry({ key, revision, bytes: spliced })
}
