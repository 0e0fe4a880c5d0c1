import type { Redis } from 'ioredis'
import type { Logger } from '../../plugins/plugin.ts'
import type { Change, ChangeListener } from '../../plugins/store.ts'
import { Connection } from './connection.ts'
import { changeOf, keysOf, type StreamEntry } from './documents.ts'

/** How long one XREAD waits, and how many changes of a type it takes at most. */
const BLOCK = 4_000
const BATCH = 128

interface Subscription {
  type: string
  after: number
  listener: ChangeListener
}

/**
 * Follows the logs of all subscribed types over one connection: one XREAD that blocks on all streams. It resumes at the
 * last change delivered, so nothing is lost or doubled over reconnections; as each write of a type adds one to its
 * revision, a trimmed log shows as a gap.
 */
export class Feed {
  #connection: Connection
  #control: Redis
  #log: Logger
  #subscriptions = new Set<Subscription>()
  #changed = false
  #blocked: number | undefined
  #idle: (() => void) | undefined
  #closed = false

  /** `control` is a connection that does not block: it interrupts the XREAD when the set of types changes. */
  constructor(url: string, control: Redis, log: Logger) {
    this.#connection = new Connection(url, log)
    this.#control = control
    this.#log = log
    this.#run().catch(error => this.#log.error({ error }, 'feed of changes ended'))
  }

  subscribe(type: string, after: number, listener: ChangeListener): () => void {
    const subscription = { type, after, listener }
    this.#subscriptions.add(subscription)
    this.#interrupt()
    return () => {
      this.#subscriptions.delete(subscription)
    }
  }

  close(): void {
    this.#closed = true
    this.#idle?.()
    this.#connection.close()
  }

  /** Ends a blocked XREAD. It may not have reached Redis yet, hence again until a new one was made. */
  #interrupt(): void {
    this.#idle?.()
    if (this.#changed) return
    this.#changed = true
    const knock = () => {
      if (!this.#changed || this.#closed) return
      if (this.#blocked !== undefined && this.#control.status === 'ready') {
        this.#control.client('UNBLOCK', this.#blocked).catch(() => {})
      }
      setTimeout(knock, 5)
    }
    setImmediate(knock)
  }

  async #run(): Promise<void> {
    while (!this.#closed) {
      if (this.#subscriptions.size === 0) await this.#someone()
      else {
        try {
          await this.#connection.run(redis => this.#read(redis))
        } catch (error) {
          if (!this.#closed) this.#log.warn({ error: (error as Error).message }, 'cannot follow the store')
        }
      }
    }
  }

  #someone(): Promise<void> {
    return new Promise(resolve => {
      this.#idle = () => {
        this.#idle = undefined
        resolve()
      }
    })
  }

  async #read(redis: Redis): Promise<void> {
    const connection = await redis.client('ID')
    while (!this.#closed && this.#subscriptions.size > 0) {
      this.#changed = false
      const positions = this.#positions()
      const streams = positions.keys().map(type => keysOf(type).log)
      const ids = positions.values().map(after => `${after}-0`)
      this.#blocked = connection
      const reply = (await redis
        .xreadBuffer('COUNT', BATCH, 'BLOCK', BLOCK, 'STREAMS', ...streams, ...ids)
        .finally(() => {
          this.#blocked = undefined
        })) as [Buffer, StreamEntry[]][] | null
      for (const [stream, entries] of reply ?? []) this.#deliver(typeOfLog(stream), entries)
    }
  }

  #positions(): Map<string, number> {
    const positions = new Map<string, number>()
    for (const { type, after } of this.#subscriptions) {
      positions.set(type, Math.min(after, positions.get(type) ?? after))
    }
    return positions
  }

  /** A listener that fails has not seen these changes: it must start anew. */
  #tell(subscription: Subscription, changes: Change[]): void {
    try {
      subscription.listener.changes(changes)
    } catch (error) {
      this.#log.error({ error, type: subscription.type }, 'a follower of the store failed')
      this.#subscriptions.delete(subscription)
      subscription.listener.lost()
    }
  }

  #deliver(type: string, entries: StreamEntry[]): void {
    const changes = entries.map(changeOf)
    for (const subscription of [...this.#subscriptions]) {
      if (subscription.type !== type) continue
      const fresh = changes.filter(change => change.revision > subscription.after)
      if (fresh.length === 0) continue
      if (fresh[0]!.revision !== subscription.after + 1) {
        this.#subscriptions.delete(subscription)
        subscription.listener.lost()
        continue
      }
      subscription.after = fresh.at(-1)!.revision
      this.#tell(subscription, fresh)
    }
  }
}

/** `{type}:log` → type. */
function typeOfLog(stream: Buffer): string {
  const name = stream.toString()
  return name.slice(1, name.lastIndexOf('}'))
}
