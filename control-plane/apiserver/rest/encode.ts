import { keptSpec } from '../../../api/meta/kept-spec.ts'
import { recordOf } from '../../../api/meta/managed-fields/record.ts'
import type { ApiObject } from '../../../api/meta/object.ts'
import { setOwn } from '../../../api/meta/patch/own.ts'
import { type Document, REVISION_MARK } from '../../../plugins/store.ts'
import { metadataText } from '../cache/document.ts'
import { Entry } from '../cache/entry.ts'
import type { Resource } from '../kind-registry.ts'

/** An object as the store takes it, and where its spec stands in that. Bytes of the tail. */
export interface Encoded extends Document {
  /** 0 without a spec. */
  specStart: number
  specEnd: number
}

/**
 * An object as the store takes it: serialized, with the revision left open as the first member of its metadata. `specText`
 * is its spec as JSON, where that is at hand.
 */
export function encode(object: ApiObject, specText = keptSpec(object)?.text): Encoded {
  const { apiVersion, kind, metadata } = object
  const head = `{"apiVersion":${JSON.stringify(apiVersion)},"kind":${JSON.stringify(kind)},"metadata":{${REVISION_MARK}`
  const meta = metadataText(metadata, recordOf(metadata))
  const spec = specText ?? JSON.stringify(object.spec)
  const others = JSON.stringify(otherFields(object))
  const rest = others === '{}' ? '}' : `,${others.slice(1)}`
  if (spec === undefined) return { head, tail: Buffer.from(`",${meta}${rest}`), specStart: 0, specEnd: 0 }
  const before = `",${meta},"spec":`
  const text = `${before}${spec}${rest}`
  const tail = Buffer.from(text)
  // Most often a character is a byte.
  const lengthOf = (part: string) => (tail.length === text.length ? part.length : Buffer.byteLength(part))
  const specStart = lengthOf(before)
  return { head, tail, specStart, specEnd: specStart + lengthOf(spec) }
}

function otherFields(object: ApiObject): Record<string, unknown> {
  const others: Record<string, unknown> = {}
  for (const field of Object.keys(object)) if (!HEAD.has(field)) setOwn(others, field, object[field])
  return others
}

const BRACE = 0x7b
const HEAD = new Set(['apiVersion', 'kind', 'metadata', 'spec'])

/**
 * What was stored of an object, as the cache will hold it. The object, which `encoded` was made from, becomes shared: nobody may
 * change it any more.
 */
export function storedEntry(
  { cache }: Resource,
  key: string,
  { revision, bytes }: { revision: number; bytes: Buffer },
  object: ApiObject,
  { tail, specStart, specEnd }: Encoded,
): Entry {
  object.metadata.resourceVersion = String(revision)
  const offset = bytes.length - tail.length
  // Views give back another form than they were given.
  const isSame = tail[specStart] === BRACE && offset > 0 && tail.compare(bytes, offset) === 0
  const spec = isSame ? { start: offset + specStart, end: offset + specEnd } : undefined
  const entry = Entry.written({ key, revision, bytes }, object, spec)
  cache.wrote(entry)
  return entry
}

/** An object as if it had been stored at a revision: what a dry run answers. */
export function entryOf(key: string, object: ApiObject, revision: number): Entry {
  const { head, tail } = encode(object)
  const bytes = revision ? Buffer.concat([Buffer.from(head + revision), tail]) : withoutRevision(head, tail)
  return new Entry({ key, revision, bytes })
}

/** What was not stored has no revision. */
function withoutRevision(head: string, tail: Buffer): Buffer {
  const rest = tail.toString().slice(1).replace(/^,/, '')
  return Buffer.from(head.slice(0, -REVISION_MARK.length) + rest)
}
