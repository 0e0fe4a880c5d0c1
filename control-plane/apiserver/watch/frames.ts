import type { ApiObject, WatchEvent } from '../../../api/meta/object.ts'
import { REVISION_MARK } from '../../../plugins/store.ts'
import { Entry } from '../cache/entry.ts'
import { type Filter, selects } from '../cache/filter.ts'
import type { CacheEvent } from '../cache/history.ts'

/** Annotation of the bookmark after all that was there when a watch began. */
export const STATE_END = 'k8s.io/initial-events-end'

/** Makes the form of events that a watcher asked for. `id` is the same for encoders that make the same bytes. */
export interface EventEncoder {
  id: string
  /** An event about a stored object. */
  frame(type: EventType, entry: Entry): Buffer
  /** An event that carries no stored object: BOOKMARK and ERROR. */
  special(event: WatchEvent<any>): Buffer
  /**
   * Makes frames the beginning of a watch, where its first event says more than others do. What it is given is shared with
   * other watchers and left as it is.
   */
  open?(frames: Buffer): Buffer
}

/** Events as lines of JSON, with objects in a form of one's own; `shape` gives a bookmark's object that form. */
export const lineEncoder = (
  id: string,
  encode: (entry: Entry) => Buffer,
  shape: (object: ApiObject) => unknown = object => object,
): EventEncoder => ({
  id,
  frame: (type, entry) => Buffer.concat([HEADS[type], encode(entry), END]),
  special: ({ type, object }) =>
    Buffer.from(`${JSON.stringify({ type, object: type === 'ERROR' ? object : shape(object) })}\n`),
})

const HEADS = {
  ADDED: Buffer.from('{"type":"ADDED","object":'),
  MODIFIED: Buffer.from('{"type":"MODIFIED","object":'),
  DELETED: Buffer.from('{"type":"DELETED","object":'),
} as const
const END = Buffer.from('}\n')

export type EventType = keyof typeof HEADS

/** Objects as they are stored. */
export const plainEncoder: EventEncoder = lineEncoder('', entry => entry.bytes)

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

/** The frame that tells a watcher of a change; undefined when it does not concern it. Made once for all watchers. */
export function frameOf(event: CacheEvent, filter: Filter, encoder: EventEncoder): Buffer | undefined {
  const change = transition(filter, event)
  if (!change) return undefined
  const [type, entry] = change
  const id = `${type}${encoder.id}`
  event.frames ??= new Map()
  let frame = event.frames.get(id)
  if (!frame) {
    frame = encoder.frame(type, entry)
    event.frames.set(id, frame)
  }
  return frame
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
