import type { Redis } from 'ioredis'
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
import { Connection } from './connection.ts'
import { changeOf, keysOf, type StreamEntry, storedDocument } from './documents.ts'
import { Feed } from './feed.ts'
import { DELETE, DROP, PUT } from './scripts.ts'

export interface RedisStoreOptions {
  /** `redis://`, `rediss://`, `unix:///path` or the path of a socket. */
  url: string
  log: Logger
  /** Closes the store when aborted. */
  signal?: AbortSignal
  /** Changes kept in each type's log (about so many; Redis trims whole nodes). */
  logLength?: number
  /** Shorter or longer logs for some types: what is written often and hardly watched from far back. */
  logLengths?: Record<string, number>
}

const LOG_LENGTH = 4_096
/** A store that does not answer a ping for so long is not well. Milliseconds. */
const PING_DEADLINE = 3_000
const LOG_LENGTHS: Record<string, number> = { 'leases.coordination.k8s.io': 512, events: 1_024 }

/** The scripts as commands of the connection (see `scripts.ts` for their arguments). */
interface Scripts {
  skiffPut(...args: (string | Buffer | number)[]): Promise<[number, string | Buffer | null]>
  skiffDeleteBuffer(...args: (string | number)[]): Promise<[number, Buffer | null, Buffer?]>
  skiffPutBuffer(...args: (string | Buffer | number)[]): Promise<[number, Buffer | null]>
  skiffDrop(...args: string[]): Promise<number>
}

/** Connects to Redis, waits until it answers, and gives the store. Rejects with `unavailable` after 10 s. */
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

class RedisStore implements StorePlugin {
  readonly name = 'redis'
  #writes: Connection
  #reads: Connection
  #feed: Feed
  #logLength: (type: string) => number
  #asked = new Map<string, Promise<number>>()

  constructor({ url, log, logLength = LOG_LENGTH, logLengths = LOG_LENGTHS }: RedisStoreOptions) {
    this.#writes = new Connection(url, log, { enableAutoPipelining: true })
    this.#reads = new Connection(url, log, { enableAutoPipelining: true })
    this.#feed = new Feed(url, this.#reads.redis, log)
    this.#logLength = type => Math.min(logLengths[type] ?? logLength, logLength)
    this.#writes.redis.defineCommand('skiffPut', { numberOfKeys: 3, lua: PUT })
    this.#writes.redis.defineCommand('skiffDelete', { numberOfKeys: 3, lua: DELETE })
    this.#writes.redis.defineCommand('skiffDrop', { numberOfKeys: 3, lua: DROP })
  }

  async get(type: string, key: string): Promise<StoredDocument | undefined> {
    const bytes = await this.#reads.run(redis => redis.hgetBuffer(keysOf(type).documents, key))
    return bytes ? storedDocument(key, bytes) : undefined
  }

  async snapshot(type: string): Promise<Snapshot> {
    const keys = keysOf(type)
    const [revision, fields] = await this.#reads.run(async redis => {
      const replies = await redis.multi().get(keys.revision).hgetallBuffer(keys.documents).exec()
      return results(replies) as [string | null, Record<string, Buffer>]
    })
    const documents = Object.entries(fields).map(([key, bytes]) => storedDocument(key, bytes))
    return { revision: Number(revision ?? 1), documents }
  }

  /** Callers of one turn of the event loop share one command: it is sent after all of them have asked. */
  revision(type: string): Promise<number> {
    let answer = this.#asked.get(type)
    if (!answer) {
      answer = this.#reads.run(async redis => Number((await redis.get(keysOf(type).revision)) ?? 1))
      this.#asked.set(type, answer)
      setImmediate(() => this.#asked.delete(type))
    }
    return answer
  }

  async put(type: string, key: string, expected: number, { head, tail }: Document): Promise<WriteResult> {
    const { revision, documents, log } = keysOf(type)
    const [done, answer] = await this.#writes.run((redis, again) =>
      scripts(redis).skiffPutBuffer(
        ...[revision, documents, log, key, String(expected), head, tail, this.#logLength(type)],
        again ? '1' : '0',
      ),
    )
    if (!done) return { ok: false, current: answer ? storedDocument(key, answer) : undefined }
    const digits = answer!.toString('latin1')
    return { ok: true, revision: Number(digits), bytes: Buffer.concat([Buffer.from(head + digits), tail]) }
  }

  async delete(type: string, key: string, expected: number): Promise<WriteResult> {
    const { revision, documents, log } = keysOf(type)
    const [done, answer, last] = await this.#writes.run(async (redis, again) => {
      const length = this.#logLength(type)
      const reply = await scripts(redis).skiffDeleteBuffer(
        ...[revision, documents, log, key, String(expected), length],
      )
      return again && !reply[0] && !reply[1] ? await this.#lostDeletion(redis, type, key, reply) : reply
    })
    if (!done) return { ok: false, current: answer ? storedDocument(key, answer) : undefined }
    return { ok: true, revision: Number(answer!.toString('latin1')), bytes: Buffer.from(last!) }
  }

  /** After a lost answer: was it this deletion that took the document away? Then the log's end still tells of it. */
  async #lostDeletion(redis: Redis, type: string, key: string, reply: [number, Buffer | null, Buffer?]) {
    const entries = (await redis.xrevrangeBuffer(keysOf(type).log, '+', '-', 'COUNT', 1_000)) as StreamEntry[]
    const entry = entries.find(([, fields]) => fields[1]!.toString() === key)
    if (!entry || entry[1][2]!.toString() !== 'd') return reply
    const digits = entry[0].subarray(0, entry[0].indexOf('-'))
    return [1, digits, entry[1][3]!] as [number, Buffer, Buffer]
  }

  async log(type: string, after: number, limit: number): Promise<Change[]> {
    const keys = keysOf(type)
    const [entries, current] = await this.#reads.run(async redis => {
      const pipeline = redis.multi().xrangeBuffer(keys.log, `${after + 1}-0`, '+', 'COUNT', limit)
      return results(await pipeline.get(keys.revision).exec()) as [StreamEntry[], string | null]
    })
    const changes = entries.map(changeOf)
    const first = changes[0]?.revision ?? Number(current ?? 1) + 1
    if (first > after + 1) throw new StoreError('expired', `changes of ${type} before ${first} are gone`)
    return changes
  }

  subscribe(type: string, after: number, listener: ChangeListener): () => void {
    return this.#feed.subscribe(type, after, listener)
  }

  async drop(type: string): Promise<void> {
    const { revision, documents, log } = keysOf(type)
    await this.#writes.run(redis => scripts(redis).skiffDrop(revision, documents, log))
  }

  /** Waits for a Redis that is being started or loads its data. */
  async opened(): Promise<void> {
    await this.#writes.run(redis => redis.ping())
  }

  async ping(): Promise<void> {
    await this.#writes.run(redis => redis.ping(), PING_DEADLINE)
  }

  async close(): Promise<void> {
    this.#feed.close()
    this.#writes.close()
    this.#reads.close()
  }
}

function scripts(redis: Redis): Scripts {
  return redis as unknown as Scripts
}

/** The replies of a MULTI, or its first error. */
function results(replies: [Error | null, unknown][] | null): unknown[] {
  return (replies ?? []).map(([error, reply]) => {
    if (error) throw error
    return reply
  })
}
