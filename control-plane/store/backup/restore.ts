import { type Document, REVISION_MARK, type StorePlugin } from '../../../plugins/store.ts'
import { LEAP } from '../scripts.ts'
import type { Backup, TypeBackup } from './format.ts'

/** A document of this type is there while a restore is under way. */
const MARKER = { type: 'restore.skiff.dev', key: 'unfinished' }
const MARKER_DOCUMENT: Document = { head: `{"metadata":{${REVISION_MARK}`, tail: Buffer.from('"}}') }
/** Writes under way at once. */
const BATCH = 200

/** A store that must not be restored into, or served from, as it is. */
export class RestoreError extends Error {
  readonly code = 'RESTORE_REFUSED'

  constructor(message: string) {
    super(message)
    this.name = 'RestoreError'
  }
}

/**
 * Writes a backup into a store that is empty, or whose contents are given up (`replace`). Each type's revisions go on far
 * above those it ever had, so that whoever followed it before reads everything anew. A restore that is broken off leaves a
 * mark, and {@link checkRestored} refuses to serve from that store.
 */
export async function restoreBackup(store: StorePlugin, backup: Backup, replace = false): Promise<void> {
  const { types, advance } = store
  if (!types || !advance) throw new RestoreError(`the store ${store.name} cannot be restored into`)
  const existing = await types.call(store)
  if (!replace) await checkEmpty(store, existing)
  await mark(store)
  for (const type of existing.keys()) {
    if (type !== MARKER.type) await store.drop(type)
  }
  for (const saved of backup.types) {
    if (saved.type === MARKER.type) continue
    const highest = Math.max(saved.revision, existing.get(saved.type) ?? 1)
    await advance.call(store, saved.type, highest + LEAP)
    await write(store, saved)
  }
  await store.drop(MARKER.type)
}

/** Throws {@link RestoreError} where a restore was begun and not finished. */
export async function checkRestored(store: StorePlugin): Promise<void> {
  if (await store.get(MARKER.type, MARKER.key)) {
    throw new RestoreError('a restore into this store was broken off: run `skiff restore --replace` again')
  }
}

async function checkEmpty(store: StorePlugin, types: Map<string, number>): Promise<void> {
  for (const type of types.keys()) {
    const { documents } = await store.snapshot(type)
    if (documents.length === 0) continue
    throw new RestoreError(
      `the store is not empty (it has ${documents.length} ${type}): give --replace to give up what it holds`,
    )
  }
}

async function mark(store: StorePlugin): Promise<void> {
  const current = await store.get(MARKER.type, MARKER.key)
  if (!current) await store.put(MARKER.type, MARKER.key, 0, MARKER_DOCUMENT)
}

async function write(store: StorePlugin, { type, documents }: TypeBackup): Promise<void> {
  const entries = [...documents]
  for (let at = 0; at < entries.length; at += BATCH) {
    await Promise.all(
      entries.slice(at, at + BATCH).map(async ([key, bytes]) => {
        const result = await store.put(type, key, 0, splitDocument(bytes))
        if (!result.ok)
          throw new RestoreError(`${type} ${key} was written by somebody else: stop all API servers`)
      }),
    )
  }
}

/** A stored document with its revision taken out. */
function splitDocument(bytes: Buffer): Document {
  const start = bytes.indexOf(REVISION_MARK) + REVISION_MARK.length
  return { head: bytes.toString('utf8', 0, start), tail: bytes.subarray(bytes.indexOf('"', start)) }
}
