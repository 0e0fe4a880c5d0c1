/**
 * A whole store plugin: everything in the memory of the API server, gone when it ends. Good for trying things out, and to
 * see what a store has to do. `config.logLength` is how many changes of a type it remembers (10,000).
 */
import { definePlugin } from '../plugin.ts'
import {
  type Change,
  type ChangeListener,
  type Document,
  REVISION_MARK,
  type StoredDocument,
  StoreError,
  type StorePlugin,
  type WriteResult,
} from '../store.ts'

export default definePlugin({
  type: 'store',
  name: 'memory',
  version: '1.0.0',
  start: ({ config }) => createMemoryStore(Number(config.logLength ?? 10_000)),
})

/** One type: its documents, its last changes, who follows them. */
class Type {
  revision = 1
  documents = new Map<string, StoredDocument>()
  log: Change[] = []
  followers = new Set<Follower>()
}

interface Follower {
  after: number
  listener: ChangeListener
}

function createMemoryStore(logLength: number): StorePlugin {
  const types = new Map<string, Type>()
  const typeOf = (name: string): Type => {
    const type = types.get(name) ?? new Type()
    types.set(name, type)
    return type
  }

  /** All that a write does: nothing is awaited in between, so nothing else can happen. */
  const write = (type: Type, change: Omit<Change, 'revision'>): WriteResult => {
    const revision = ++type.revision
    const { key, bytes } = change
    if (change.type === 'deleted') type.documents.delete(key)
    else type.documents.set(key, { key, revision, bytes })
    type.log.push({ ...change, revision })
    if (type.log.length > logLength) type.log.shift()
    for (const follower of type.followers) setImmediate(deliver, type, follower)
    return { ok: true, revision, bytes }
  }

  return {
    name: 'memory',
    async get(type, key) {
      return typeOf(type).documents.get(key)
    },
    async snapshot(type) {
      const { revision, documents } = typeOf(type)
      return { revision, documents: [...documents.values()] }
    },
    async revision(type) {
      return typeOf(type).revision
    },
    async put(name, key, expected, document) {
      const type = typeOf(name)
      const current = type.documents.get(key)
      if ((current?.revision ?? 0) !== expected) return { ok: false, current }
      const bytes = withRevision(document, type.revision + 1)
      return write(type, { type: current ? 'updated' : 'created', key, bytes })
    },
    async delete(name, key, expected) {
      const type = typeOf(name)
      const current = type.documents.get(key)
      if (!current || current.revision !== expected) return { ok: false, current }
      return write(type, {
        type: 'deleted',
        key,
        bytes: withRevision(split(current.bytes), type.revision + 1),
      })
    },
    async log(name, after, limit) {
      const type = typeOf(name)
      const changes = since(type, after)
      if (!changes) throw new StoreError('expired', `changes of ${name} after ${after} are gone`)
      return changes.slice(0, limit)
    },
    subscribe(name, after, listener) {
      const type = typeOf(name)
      const follower = { after, listener }
      type.followers.add(follower)
      setImmediate(deliver, type, follower)
      return () => type.followers.delete(follower)
    },
    async types() {
      return new Map([...types].map(([name, { revision }]) => [name, revision]))
    },
    async advance(name, revision) {
      const type = typeOf(name)
      type.revision = Math.max(type.revision, revision)
      type.log = []
    },
    async drop(name) {
      const type = typeOf(name)
      type.documents.clear()
      type.log = []
      type.revision++
    },
    async ping() {},
    async close() {},
  }
}

/** The changes after a revision; undefined when some of them are gone. */
function since(type: Type, after: number): Change[] | undefined {
  const first = type.log[0]?.revision ?? type.revision + 1
  return first > after + 1 ? undefined : type.log.slice(after + 1 - first)
}

function deliver(type: Type, follower: Follower): void {
  if (!type.followers.has(follower) || follower.after >= type.revision) return
  const changes = since(type, follower.after)
  if (!changes) {
    type.followers.delete(follower)
    follower.listener.lost()
    return
  }
  follower.after = type.revision
  follower.listener.changes(changes)
}

function withRevision({ head, tail }: Document, revision: number): Buffer {
  return Buffer.concat([Buffer.from(head + revision), tail])
}

/** A document with its revision taken out again. */
function split(bytes: Buffer): Document {
  const start = bytes.indexOf(REVISION_MARK) + REVISION_MARK.length
  return { head: bytes.toString('utf8', 0, start), tail: bytes.subarray(bytes.indexOf('"', start)) }
}
