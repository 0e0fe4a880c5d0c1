import { setImmediate as nextTurn } from 'node:timers/promises'
import type { Redis } from 'ioredis'
import type { Logger } from '../../plugins/plugin.ts'
import type { Change, ChangeListener } from '../../plugins/store.ts'
import { call, type Route } from './call.ts'
import { changeOf, keysOf, type StreamEntry, typeOfKey, unbroken } from './documents.ts'

/** How long one XREAD waits (milliseconds), and how many changes of a type it takes at most. */
const BLOCK = 3_000
const BATCH = 128
/** Between two tries to follow a store that cannot be reached. Milliseconds. */
const PAUSE = 200

export interface Subscription {
  type: string
  after: number
  listener: ChangeListener
}

/** How a feed reaches its Redis. */
export interface FeedRoutes {
  /** A connection of the feed's own, which it blocks. */
  feed: Route
  /** One that does not block: it interrupts the XREAD when the set of types changes. */
  control: Route
}

/** What a feed tells whoever shares its subscriptions with another one. */
export interface FeedEvents {
  /** It has just been connected, and looks whether its subscriptions are ahead of this Redis before it goes on. */
  connected(): void
  /** It has handed on changes of these types, and is between two XREADs. */
  delivered(types: ReadonlySet<string>): void
  /** A subscription has been told to begin anew and is no longer followed. */
  lost(subscription: Subscription): void
}

/**
 * Follows the logs of types over one connection: one XREAD that blocks on all streams. It resumes at the last change
 * delivered, so nothing is lost or doubled over reconnections; as each write of a type adds one to its revision, a trimmed
 * log shows as a gap. Who followed a Redis that failed over before its last writes were anywhere else is ahead of the
 * store, and starts anew.
 */
export class Feed {
  #routes: FeedRoutes
  #log: Logger
  #events: FeedEvents | undefined
  #subscriptions = new Set<Subscription>()
  /** Types that came from another feed, which may have followed another Redis. */
  #adopted = new Set<string>()
  #changed = false
  /** Types of the XREAD under way. */
  #read = new Set<string>()
  #lineage = ''
  #blocked: number | undefined
  #idle: (() => void) | undefined
  #closed = false
  #hasComplained = false

  constructor(routes: FeedRoutes, log: Logger, events?: FeedEvents) {
    this.#routes = routes
    this.#events = events
    this.#log = log
    this.#run().catch(error => this.#log.error({ error }, 'feed of changes ended'))
  }

  subscribe(type: string, after: number, listener: ChangeListener): () => void {
    const subscription = { type, after, listener }
    this.adopt([subscription])
    return () => this.remove(subscription)
  }

  remove(subscription: Subscription): void {
    this.#subscriptions.delete(subscription)
  }

  subscriptionsOf(type: string): Subscription[] {
    return [...this.#subscriptions].filter(subscription => subscription.type === type)
  }

  /** Gives the subscriptions of a type away. */
  release(type: string): Subscription[] {
    const released = this.subscriptionsOf(type)
    for (const subscription of released) this.#subscriptions.delete(subscription)
    return released
  }

  /** Whether Redis was asked to tell of the next change of a type. */
  isReading(type: string): boolean {
    return this.#read.has(type)
  }

  /** The run of the Redis that is followed; empty while there is none. */
  get lineage(): string {
    return this.#lineage
  }

  /**
   * Goes on with subscriptions of another feed. Both may have them for a while, over the same Redis: who is first hands
   * a change on.
   */
  adopt(subscriptions: Subscription[]): void {
    for (const subscription of subscriptions) {
      this.#subscriptions.add(subscription)
      this.#adopted.add(subscription.type)
    }
    if (subscriptions.length > 0) this.#interrupt()
  }

  /** Whether others' subscriptions are followed at once, and not when an XREAD ended by itself. */
  get canInterrupt(): boolean {
    return !this.#hasComplained
  }

  close(): void {
    this.#closed = true
    this.#idle?.()
  }

  /** Ends a blocked XREAD. It may not have reached Redis yet, hence again until a new one was made. */
  #interrupt(): void {
    this.#idle?.()
    if (this.#changed) return
    this.#changed = true
    const knock = () => {
      if (!this.#changed || this.#closed) return
      const blocked = this.#blocked
      if (blocked !== undefined) {
        call(this.#routes.control, ({ redis }) => redis.client('UNBLOCK', blocked), 0).catch(error =>
          this.#complain(error),
        )
      }
      setTimeout(knock, 5)
    }
    setImmediate(knock)
  }

  #complain({ message }: Error): void {
    if (this.#hasComplained || !message.includes('NOPERM')) return
    this.#hasComplained = true
    this.#log.warn({ error: message }, `watches begin up to ${BLOCK / 1_000} s late: give +client|unblock`)
  }

  async #run(): Promise<void> {
    while (!this.#closed) {
      if (this.#subscriptions.size === 0) await this.#someone()
      else {
        try {
          await call(this.#routes.feed, ({ redis, connection }) => this.#follow(redis, connection.lineage))
        } catch (error) {
          this.#lineage = ''
          if (this.#closed) return
          this.#log.warn({ error: (error as Error).message }, 'cannot follow the store')
          await new Promise(resolve => setTimeout(resolve, PAUSE))
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

  async #follow(redis: Redis, lineage: string): Promise<void> {
    const connection = await redis.client('ID')
    this.#lineage = lineage
    this.#adopted = new Set([...this.#subscriptions].map(({ type }) => type))
    this.#events?.connected()
    while (!this.#closed && this.#subscriptions.size > 0) {
      if (this.#adopted.size > 0) {
        await this.#dropAhead(redis)
        continue
      }
      const reply = await this.#next(redis, connection)
      // Redis answers who follows before who wrote, in one go: a follower that wrote shall know what it wrote by then.
      await nextTurn()
      if (this.#closed) return
      const delivered = new Set<string>()
      for (const [stream, entries] of reply) {
        const type = typeOfKey(stream.toString())
        delivered.add(type)
        this.#deliver(type, entries)
      }
      this.#events?.delivered(delivered)
    }
  }

  /** Waits for changes of any type. */
  async #next(redis: Redis, connection: number): Promise<[Buffer, StreamEntry[]][]> {
    this.#changed = false
    const positions = this.#positions()
    const streams = positions.keys().map(type => keysOf(type).log)
    const ids = positions.values().map(after => `${after}-0`)
    this.#blocked = connection
    this.#read = new Set(positions.keys())
    try {
      const reply = await redis.xreadBuffer('COUNT', BATCH, 'BLOCK', BLOCK, 'STREAMS', ...streams, ...ids)
      return (reply ?? []) as [Buffer, StreamEntry[]][]
    } finally {
      this.#blocked = undefined
      this.#read.clear()
    }
  }

  /** Who has seen more than there is followed a Redis that is no more. Another feed may lead on meanwhile. */
  async #dropAhead(redis: Redis): Promise<void> {
    const types = [...this.#adopted]
    const asked = types.flatMap(type => this.subscriptionsOf(type)).map(its => ({ its, after: its.after }))
    this.#adopted.clear()
    const answers = await Promise.all(types.map(type => redis.get(keysOf(type).revision)))
    const revisions = new Map(types.map((type, index) => [type, Number(answers[index] ?? 1)]))
    for (const { its, after } of asked) {
      const revision = revisions.get(its.type)!
      if (after > revision) this.#lose(its, `the store is at ${revision}`)
    }
  }

  #lose(subscription: Subscription, why: string): void {
    if (!this.#subscriptions.delete(subscription)) return
    const { type, after } = subscription
    this.#log.warn({ type, after, why }, 'a follower of the store begins anew')
    this.#events?.lost(subscription)
    subscription.listener.lost()
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
      this.#lose(subscription, 'it failed')
    }
  }

  /** Who came while the changes were on their way has a position of its own: all of the type read from there again. */
  #deliver(type: string, entries: StreamEntry[]): void {
    if (this.#adopted.has(type)) return
    const changes = entries.map(changeOf)
    for (const subscription of [...this.#subscriptions]) {
      if (subscription.type !== type) continue
      const fresh = changes.filter(change => change.revision > subscription.after)
      if (fresh.length === 0) continue
      const next = unbroken(fresh, subscription.after)
      if (next.length > 0) {
        subscription.after = next.at(-1)!.revision
        this.#tell(subscription, next)
      }
      if (next.length < fresh.length) {
        this.#lose(subscription, `the next change is ${fresh[next.length]!.revision}`)
      }
    }
  }
}
