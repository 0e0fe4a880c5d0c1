import type { Logger } from '../../plugins/plugin.ts'
import type { ChangeListener } from '../../plugins/store.ts'
import { Feed, type FeedRoutes, type Subscription } from './feed.ts'

/** A type that did not change for so long is quiet. Milliseconds. */
const QUIET = 30_000

/**
 * Follows many types of one Redis over two connections. With each change an XREAD ends and must be sent again, at a cost
 * for each stream it names: so those of the few types that change are on one connection, and the many that are quiet on
 * another. A type's first change takes it to the busy ones.
 */
export class TieredFeed {
  #busy: Feed
  #quiet: Feed
  /** When a busy type last changed. */
  #changed = new Map<string, number>()

  constructor(busy: FeedRoutes, quiet: FeedRoutes, log: Logger) {
    this.#busy = new Feed(busy, log, delivered => this.#settle(delivered))
    this.#quiet = new Feed(quiet, log, delivered => this.#wake(delivered))
  }

  subscribe(type: string, after: number, listener: ChangeListener): () => void {
    const subscription: Subscription = { type, after, listener }
    const feed = this.#changed.has(type) ? this.#busy : this.#quiet
    feed.adopt([subscription])
    return () => {
      this.#busy.remove(subscription)
      this.#quiet.remove(subscription)
    }
  }

  close(): void {
    this.#busy.close()
    this.#quiet.close()
  }

  #wake(delivered: ReadonlySet<string>): void {
    if (!this.#busy.canInterrupt || !this.#quiet.canInterrupt) return
    for (const type of delivered) {
      this.#changed.set(type, Date.now())
      this.#busy.adopt(this.#quiet.release(type))
    }
  }

  #settle(delivered: ReadonlySet<string>): void {
    const now = Date.now()
    for (const type of delivered) this.#changed.set(type, now)
    for (const [type, at] of this.#changed) {
      if (now - at < QUIET) continue
      this.#changed.delete(type)
      this.#quiet.adopt(this.#busy.release(type))
    }
  }
}
