import type { Logger } from '../../plugins/plugin.ts'
import type { ChangeListener } from '../../plugins/store.ts'
import { Feed, type FeedRoutes, type Subscription } from './feed.ts'

/** A type that did not change for so long is quiet. Milliseconds. */
const QUIET = 30_000

/**
 * Follows many types of one Redis over two connections. With each change an XREAD ends and must be sent again, at a cost
 * for each stream it names: so those of the few types that change are on one connection, and the many that are quiet on
 * another. A type's first change takes it to the busy ones; both follow it until those have it, so that no change waits.
 */
export class TieredFeed {
  #busy: Feed
  #quiet: Feed
  /** When a busy type last changed. */
  #changed = new Map<string, number>()
  /** Busy types that the quiet feed still follows. */
  #moving = new Set<string>()

  constructor(busy: FeedRoutes, quiet: FeedRoutes, log: Logger) {
    const shared = {
      connected: () => {
        if (!this.#isShared) this.#moved(this.#moving)
      },
      lost: (subscription: Subscription) => this.#remove(subscription),
    }
    this.#busy = new Feed(busy, log, { ...shared, delivered: types => this.#settle(types) })
    this.#quiet = new Feed(quiet, log, { ...shared, delivered: types => this.#wake(types) })
  }

  subscribe(type: string, after: number, listener: ChangeListener): () => void {
    const subscription: Subscription = { type, after, listener }
    const feed = this.#changed.has(type) ? this.#busy : this.#quiet
    feed.adopt([subscription])
    return () => this.#remove(subscription)
  }

  close(): void {
    this.#busy.close()
    this.#quiet.close()
  }

  #remove(subscription: Subscription): void {
    this.#busy.remove(subscription)
    this.#quiet.remove(subscription)
  }

  #wake(delivered: ReadonlySet<string>): void {
    if (!this.#busy.canInterrupt || !this.#quiet.canInterrupt) return
    for (const type of delivered) {
      this.#changed.set(type, Date.now())
      if (!this.#moving.has(type)) {
        this.#moving.add(type)
        this.#busy.adopt(this.#quiet.subscriptionsOf(type))
      }
    }
    this.#moved([...this.#moving].filter(type => !this.#isShared || this.#busy.isReading(type)))
  }

  /** Positions that both feeds move are those of one Redis. */
  get #isShared(): boolean {
    const { lineage } = this.#busy
    return lineage === '' || lineage === this.#quiet.lineage
  }

  /** The busy feed alone goes on with these. */
  #moved(types: Iterable<string>): void {
    for (const type of types) {
      this.#quiet.release(type)
      this.#moving.delete(type)
    }
  }

  #settle(delivered: ReadonlySet<string>): void {
    const now = Date.now()
    for (const type of delivered) this.#changed.set(type, now)
    for (const [type, at] of this.#changed) {
      if (now - at < QUIET) continue
      this.#changed.delete(type)
      this.#moving.delete(type)
      this.#quiet.adopt(this.#busy.release(type))
    }
  }
}
