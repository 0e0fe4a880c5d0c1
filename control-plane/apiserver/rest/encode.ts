import { keptSpec } from '../../../api/meta/kept-spec.ts'
import { recordOf } from '../../../api/meta/managed-fields/record.ts'
import type { ApiObject } from '../../../api/meta/object.ts'
import { setOwn } from '../../../api/meta/patch/own.ts'
import { type Document, REVISION_MARK } from '../../../plugins/store.ts'
import { metadataText } from '../cache/document.ts'
import { Entry } from '../cache/entry.ts'
import type { Resource } from '../kind-registry.ts'

/**
 * An object as the store takes it: serialized, with the revision left open as the first member of its metadata. `specText`
 * is its spec as JSON, where that is at hand.
 */
export function encode(object: ApiObject, specText = keptSpec(object)?.text): Document {
  const { apiVersion, kind, metadata } = object
  const head = `{"apiVersion":${JSON.stringify(apiVersion)},"kind":${JSON.stringify(kind)},"metadata":{${REVISION_MARK}`
  const meta = metadataText(metadata, recordOf(metadata))
  const spec = specText ?? JSON.stringify(object.spec)
  const body = spec === undefined ? '' : `,"spec":${spec}`
  const others = JSON.stringify(otherFields(object))
  const tail = `",${meta}${body}${others === '{}' ? '}' : `,${others.slice(1)}`}`
  return { head, tail: Buffer.from(tail) }
}

function otherFields(object: ApiObject): Record<string, unknown> {
  const others: Record<string, unknown> = {}
  for (const field of Object.keys(object)) if (!HEAD.has(field)) setOwn(others, field, object[field])
  return others
}

const HEAD = new Set(['apiVersion', 'kind', 'metadata', 'spec'])

/** What was stored of an object, as the cache will hold it. The object becomes shared: nobody may change it any more. */
export function storedEntry(
  { cache }: Resource,
  key: string,
  { revision, bytes }: { revision: number; bytes: Buffer },
  object: ApiObject,
  isNew = false,
): Entry {
  object.metadata.resourceVersion = String(revision)
  const document = { key, revision, bytes }
  const entry = isNew ? Entry.created(document, object) : new Entry(document, object, true)
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
