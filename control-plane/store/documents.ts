import { type Change, REVISION_MARK, type StoredDocument } from '../../plugins/store.ts'

const MARK = Buffer.from(REVISION_MARK)
const QUOTE = 0x22

/** Where the documents of one type are kept. The hash tag keeps the four in one slot of a Redis Cluster. */
export interface TypeKeys {
  revision: string
  documents: string
  log: string
  lineage: string
}

export function keysOf(type: string): TypeKeys {
  return {
    revision: `{${type}}:rev`,
    documents: `{${type}}:obj`,
    log: `{${type}}:log`,
    lineage: `{${type}}:lineage`,
  }
}

/** Matches the revision counters of all types (a glob for SCAN). */
export const REVISION_KEYS = '{*}:rev'

/** `{type}:what` → type. */
export function typeOfKey(key: string): string {
  return key.slice(1, key.lastIndexOf('}'))
}

/** The revision that stands in a document's bytes. */
export function revisionOf(bytes: Buffer): number {
  let at = bytes.indexOf(MARK)
  if (at < 0) throw new Error('document without a revision')
  let revision = 0
  for (at += MARK.length; bytes[at] !== QUOTE && at < bytes.length; at++) {
    revision = revision * 10 + (bytes[at]! - 48)
  }
  return revision
}

/**
 * Bytes put together in memory of their own. What Node takes from its pool shares 64 KiB with whatever was made at the same
 * time, and a document that is kept would keep all of that.
 */
export function ownBytes(...parts: Buffer[]): Buffer {
  const own = Buffer.allocUnsafeSlow(parts.reduce((size, part) => size + part.length, 0))
  let at = 0
  for (const part of parts) at += part.copy(own, at)
  return own
}

/** A document with bytes of its own: what the Redis client hands out are slices of its read buffers. */
export function storedDocument(key: string, bytes: Buffer): StoredDocument {
  return { key, revision: revisionOf(bytes), bytes: ownBytes(bytes) }
}

const CHANGE_TYPES: Record<string, Change['type']> = { c: 'created', u: 'updated', d: 'deleted' }

/** A stream entry as XREAD and XRANGE give it: the id and a flat list of fields and values. */
export type StreamEntry = [id: Buffer, fields: Buffer[]]

/** Its bytes are copied when they are first looked at: who has written them has them already. */
export function changeOf([id, fields]: StreamEntry): Change {
  const type = CHANGE_TYPES[fields[2]!.toString('latin1')]
  if (!type) throw new Error(`unknown change in the log: ${fields[2]}`)
  let own: Buffer | undefined
  return {
    type,
    key: fields[1]!.toString(),
    revision: entryRevision(id),
    get bytes() {
      own ??= ownBytes(fields[3]!)
      return own
    },
  }
}

/** `<revision>-0` → revision. */
export function entryRevision(id: Buffer): number {
  return Number.parseInt(id.toString('latin1'), 10)
}

/** The changes that follow on a revision without a gap. */
export function unbroken(changes: Change[], after: number): Change[] {
  const gap = changes.findIndex((change, index) => change.revision !== after + 1 + index)
  return gap < 0 ? changes : changes.slice(0, gap)
}
