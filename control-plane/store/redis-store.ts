import { isDeepStrictEqual } from 'node:util'
import type { ChainableCommander, Redis } from 'ioredis'
import type { Logger } from '../../plugins/plugin.ts'
import {
  type Change,
  type ChangeListener,
  type Document,
  type Snapshot,
  type StoredDocument,
  StoreError,
  type StorePlugin,
  type WriteResult,
} from '../../plugins/store.ts'
import { type Attempt, call, type Route } from './call.ts'
import { Compaction } from './compaction.ts'
import { createTopology } from './create-topology.ts'
import {
  changeOf,
  keysOf,
  ownBytes,
  REVISION_KEYS,
  type StreamEntry,
  storedDocument,
  typeOfKey,
  unbroken,
} from './documents.ts'
import { Feed } from './feed.ts'
import { Lineages } from './lineages.ts'
import { LogLengths } from './log-length.ts'
import { Replication } from './replication.ts'
import { Script } from './script.ts'
import { ADVANCE, DELETE, DROP, PUT } from './scripts.ts'
import { storeTarget } from './store-url.ts'
import { TieredFeed } from './tiered-feed.ts'
import type { Purpose, Topology } from './topology.ts'

export interface RedisStoreOptions {
  /** A store URL (docs/store.md) or the path of a socket. */
  url: string
  log: Logger
  /** Closes the store when aborted. */
  signal?: AbortSignal
  /** Most changes kept in each type's log (about so many; Redis trims whole nodes). */
  logLength?: number
  /** How long changes are kept at least where the log is not full, in milliseconds. */
  logRetention?: number
}

const LOG_RETENTION = 10 * 60_000

/** A store that does not answer a ping for so long is not well. Milliseconds. */
const PING_DEADLINE = 3_000
const SIZE_DEADLINE = 1_000
const SCAN_COUNT = 1_000
/** So often the masters of a cluster are asked for a moment without writes. */
const PASSES = 50

const put = new Script(PUT)
const remove = new Script(DELETE)
const drop = new Script(DROP)
const advance = new Script(ADVANCE)

/**
 * Connects to Redis, waits until it answers, and gives the store. Rejects with `unavailable` after 10 s, or with a
 * `StoreUrlError` that says what is wrong with the URL.
 */
export async function openStore(options: RedisStoreOptions): Promise<StorePlugin> {
  const store = new RedisStore(options)
  try {
    await store.opened()
  } catch (error) {
    await store.close()
    throw error
  }
  options.signal?.addEventListener('abort', () => void store.close(), { once: true })
  return store
}

/** Of what INFO tells. */
const sizeOf = (info: string): number =>
  Number((/^aof_current_size:(\d+)/m.exec(info) ?? /^used_memory:(\d+)/m.exec(info))?.[1] ?? 0)

/** Any master will do. */
const ANY_TYPE = 'namespaces'

class RedisStore implements StorePlugin {
  readonly name = 'redis'
  #topology: Topology
  #log: Logger
  #feeds = new Map<string, Feed | TieredFeed>()
  #logLengths: LogLengths
  #replication: Replication
  #compaction: Compaction
  #isCluster: boolean
  #isClosed = false
  /** Not of a single Redis, which nobody takes over. */
  #lineages: Lineages | undefined
  #asked = new Map<string, Promise<number>>()

  constructor({ url, log, logLength, logRetention = LOG_RETENTION }: RedisStoreOptions) {
    const target = storeTarget(url)
    this.#log = log
    this.#logLengths = new LogLengths(logLength)
    this.#replication = new Replication(target.replicas)
    this.#isCluster = target.mode === 'cluster'
    this.#lineages = target.mode === 'single' ? undefined : new Lineages()
    this.#topology = createTopology(target, connection => this.#lineages?.connected(connection), log)
    this.#compaction = new Compaction(this, logRetention, log)
  }

  async get(type: string, key: string): Promise<StoredDocument | undefined> {
    const bytes = await this.#read(type, ({ redis }) => redis.hgetBuffer(keysOf(type).documents, key))
    return bytes ? storedDocument(key, bytes) : undefined
  }

  async snapshot(type: string): Promise<Snapshot> {
    const keys = keysOf(type)
    const [revision, fields] = await this.#read(type, async ({ redis }) => {
      const asked = redis.multi().get(keys.revision).hgetallBuffer(keys.documents)
      return (await results(asked)) as [string | null, Record<string, Buffer>]
    })
    const documents = Object.entries(fields).map(([key, bytes]) => storedDocument(key, bytes))
    return { revision: Number(revision ?? 1), documents }
  }

  /** Callers of one turn of the event loop share one command: it is sent after all of them have asked. */
  revision(type: string): Promise<number> {
    let answer = this.#asked.get(type)
    if (!answer) {
      answer = this.#read(type, async ({ redis }) => Number((await redis.get(keysOf(type).revision)) ?? 1))
      this.#asked.set(type, answer)
      setImmediate(() => this.#asked.delete(type))
    }
    return answer
  }

  async put(type: string, key: string, expected: number, { head, tail }: Document): Promise<WriteResult> {
    this.#compaction.include(type)
    const bytes = head.length + tail.length
    this.#logLengths.note(type, bytes)
    const [done, answer] = (await this.#write(type, bytes, attempt => {
      const values = [key, String(expected), head, tail, String(this.#logLengths.of(type))]
      return put.run(attempt.redis, keyList(type), [...values, ...this.#circumstances(type, attempt)])
    })) as [number, Buffer | null]
    if (!done) return { ok: false, current: answer ? storedDocument(key, answer) : undefined }
    const digits = answer!.toString('latin1')
    return { ok: true, revision: Number(digits), bytes: ownBytes(Buffer.from(head + digits), tail) }
  }

  async delete(type: string, key: string, expected: number): Promise<WriteResult> {
    const [done, answer, last] = (await this.#write(type, 0, attempt => {
      const values = [key, String(expected), String(this.#logLengths.of(type))]
      return remove.run(attempt.redis, keyList(type), [...values, ...this.#circumstances(type, attempt)])
    })) as [number, Buffer | null, Buffer?]
    if (!done) return { ok: false, current: answer ? storedDocument(key, answer) : undefined }
    return { ok: true, revision: Number(answer!.toString('latin1')), bytes: ownBytes(last!) }
  }

  async log(type: string, after: number, limit: number): Promise<Change[]> {
    const keys = keysOf(type)
    const [entries, current] = await this.#read(type, async ({ redis }) => {
      const asked = redis.multi().xrangeBuffer(keys.log, `${after + 1}-0`, '+', 'COUNT', limit)
      return (await results(asked.get(keys.revision))) as [StreamEntry[], string | null]
    })
    const changes = entries.map(changeOf)
    const first = changes[0]?.revision ?? Number(current ?? 1) + 1
    if (first > after + 1) throw new StoreError('expired', `changes of ${type} before ${first} are gone`)
    return unbroken(changes, after)
  }

  subscribe(type: string, after: number, listener: ChangeListener): () => void {
    if (this.#isClosed) return () => {}
    const group = this.#topology.feedGroup(type)
    let feed = this.#feeds.get(group)
    if (!feed) {
      const routes = (purpose: Purpose) => ({
        feed: this.#topology.route(type, purpose),
        control: this.#topology.route(type, 'reads'),
      })
      feed = this.#isCluster
        ? new Feed(routes('feed'), this.#log)
        : new TieredFeed(routes('feed'), routes('quiet feed'), this.#log)
      this.#feeds.set(group, feed)
    }
    return feed.subscribe(type, after, listener)
  }

  /** Of a cluster: what its masters say twice in a row was so at one moment in between. */
  async types(): Promise<Map<string, number>> {
    let types = await this.#types()
    for (let pass = 0; this.#isCluster && pass < PASSES; pass++) {
      const again = await this.#types()
      if (isDeepStrictEqual(again, types)) break
      types = again
    }
    return types
  }

  async #types(): Promise<Map<string, number>> {
    const routes = await this.#topology.everywhere()
    const found = await Promise.all(
      routes.map(route => call(route, ({ redis }) => revisions(redis, this.#isCluster))),
    )
    return new Map(found.flatMap(types => [...types]))
  }

  async trim(type: string, revision: number): Promise<void> {
    await this.#write(type, 0, ({ redis }) => redis.xtrim(keysOf(type).log, 'MINID', `${revision + 1}-0`))
  }

  async advance(type: string, revision: number): Promise<void> {
    await this.#write(type, 0, ({ redis }) => advance.run(redis, keyList(type), [String(revision)]))
  }

  async drop(type: string): Promise<void> {
    await this.#write(type, 0, ({ redis }) => drop.run(redis, keyList(type), []))
  }

  /** Waits for a Redis that is being started or loads its data. */
  async opened(): Promise<void> {
    await this.#ping()
    await this.#warnOfLoss().catch(() => {})
  }

  /** Says so where Redis answers before it has written: its user need not be one who may ask for settings. */
  async #warnOfLoss(): Promise<void> {
    const state = await this.#read(ANY_TYPE, ({ redis }) => redis.info('persistence'))
    if (!/^aof_enabled:0/m.test(state)) return
    const message = 'Redis has no append-only file: what it answered is lost when it ends (docs/store.md)'
    this.#log.warn({ expected: 'appendonly yes, appendfsync always' }, message)
  }

  async ping(): Promise<void> {
    await this.#ping(PING_DEADLINE)
  }

  /** The append-only files of all masters; the memory of one that has none. */
  async size(): Promise<number> {
    const routes = await this.#topology.everywhere()
    const sizes = await Promise.all(
      routes.map(route => call(route, ({ redis }) => redis.info(), SIZE_DEADLINE).then(sizeOf)),
    )
    return sizes.reduce((sum, size) => sum + size, 0)
  }

  async close(): Promise<void> {
    this.#isClosed = true
    this.#compaction.stop()
    for (const feed of this.#feeds.values()) feed.close()
    this.#topology.close()
  }

  async #ping(deadline?: number): Promise<void> {
    await call(this.#topology.route('ping', 'writes'), ({ redis }) => redis.ping(), deadline)
  }

  #read<T>(type: string, command: (attempt: Attempt) => Promise<T>): Promise<T> {
    return call(this.#topology.route(type, 'reads'), command)
  }

  /** A write is answered when enough replicas have it. */
  #write<T>(type: string, bytes: number, command: (attempt: Attempt) => Promise<T>): Promise<T> {
    const route: Route = this.#topology.route(type, 'writes', bytes)
    return call(route, async attempt => {
      const answer = await command(attempt)
      const confirmed = this.#replication.confirm(attempt)
      if (confirmed) await confirmed
      this.#lineages?.wrote(type, attempt.connection)
      return answer
    })
  }

  #circumstances(type: string, { connection, mayBeDone }: Attempt): string[] {
    const before = this.#lineages?.predecessor(type, connection)
    return [mayBeDone ? '1' : '0', ...(before === undefined ? [''] : [connection.lineage, before])]
  }
}

function keyList(type: string): string[] {
  const { revision, documents, log, lineage } = keysOf(type)
  return [revision, documents, log, lineage]
}

/** The types of one Redis with their revisions, which are of one moment (but for a cluster's, whose slots differ). */
async function revisions(redis: Redis, isCluster: boolean): Promise<Map<string, number>> {
  const keys = new Set<string>()
  let cursor = '0'
  do {
    const [next, found] = await redis.scan(cursor, 'MATCH', REVISION_KEYS, 'COUNT', SCAN_COUNT)
    for (const key of found) keys.add(key)
    cursor = next
  } while (cursor !== '0')
  const pipeline = isCluster ? redis.pipeline() : redis.multi()
  for (const key of keys) pipeline.get(key)
  const replies = await results(pipeline)
  return new Map([...keys].map((key, index) => [typeOfKey(key), Number(replies[index] ?? 1)]))
}

/** The replies of a MULTI; throws why it, or a part of it, was refused. */
async function results(asked: ChainableCommander): Promise<unknown[]> {
  const replies = await asked.exec().catch((error: Error & { previousErrors?: Error[] }) => {
    // "EXECABORT Transaction discarded because of previous errors": the first of them says why.
    throw error.previousErrors?.[0] ?? error
  })
  return (replies ?? []).map(([error, reply]) => {
    if (error) throw error
    return reply
  })
}
