import { type Change, StoreError, type StorePlugin } from '../../../plugins/store.ts'
import type { Backup, TypeBackup } from './format.ts'

/** Tries to catch up with writers before giving up. */
const ATTEMPTS = 5
const PAGE = 500

/**
 * All that a store holds, at one moment, while it is written to: each type is read as it is, then all types' revisions are
 * asked for at once, and what was read is brought to them by the logs. (The masters of a Redis Cluster are
 * asked until none of them was written to in between; where that does not happen each type is of a moment of its own.)
 */
export async function takeBackup(store: StorePlugin): Promise<Backup> {
  for (let attempt = 1; ; attempt++) {
    try {
      return { created: new Date(), types: await readAll(store) }
    } catch (error) {
      const isOvertaken = error instanceof StoreError && error.code === 'expired'
      if (!isOvertaken || attempt === ATTEMPTS) throw error
    }
  }
}

async function readAll(store: StorePlugin): Promise<TypeBackup[]> {
  if (!store.types)
    throw new Error(`the store ${store.name} cannot list its types: back it up by its own means`)
  const before = await store.types()
  const read = new Map<string, TypeBackup>()
  for (const type of before.keys()) read.set(type, await readType(store, type))
  const moment = await store.types()
  const types: TypeBackup[] = []
  for (const [type, revision] of moment) {
    types.push(await advance(store, read.get(type) ?? { type, revision: 1, documents: new Map() }, revision))
  }
  return types.sort((a, b) => (a.type < b.type ? -1 : 1))
}

async function readType(store: StorePlugin, type: string): Promise<TypeBackup> {
  const { revision, documents } = await store.snapshot(type)
  return { type, revision, documents: new Map(documents.map(({ key, bytes }) => [key, bytes])) }
}

/** Brings what was read to a later revision. Rejects with `expired` when the log no longer tells how. */
async function advance(store: StorePlugin, backup: TypeBackup, revision: number): Promise<TypeBackup> {
  const { type, documents } = backup
  for (let at = backup.revision; at < revision; ) {
    const changes = await store.log(type, at, Math.min(PAGE, revision - at))
    if (changes.length === 0) throw new StoreError('expired', `the log of ${type} ends before ${revision}`)
    for (const change of changes) apply(documents, change)
    at = changes.at(-1)!.revision
  }
  return { type, revision, documents }
}

function apply(documents: Map<string, Buffer>, { type, key, bytes }: Change): void {
  if (type === 'deleted') documents.delete(key)
  else documents.set(key, bytes)
}
