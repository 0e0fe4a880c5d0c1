import type { Entry } from './entry.ts'

/** One change as watchers see it. */
export interface CacheEvent {
  type: 'created' | 'updated' | 'deleted'
  revision: number
  /** The object after the change; the last state with the deletion's revision when it was deleted. */
  entry: Entry
  /** The object before the change. */
  previous: Entry | undefined
  /** Encoded forms, each made once for all watchers (see `watch-frames.ts`). */
  frames: Map<string, Buffer> | undefined
}

const MOST_EVENTS = 1_024
const MOST_BYTES = 8 << 20

/**
 * The latest changes of a watch cache, so that a watch can start from a revision of a short while ago. Bounded by number
 * and by size; what is older is in the store's log.
 */
export class History {
  #events: CacheEvent[] = []
  #bytes = 0
  /** Changes above this revision are here. */
  #start = 0

  restart(revision: number): void {
    this.#events = []
    this.#bytes = 0
    this.#start = revision
  }

  add(events: readonly CacheEvent[]): void {
    for (const event of events) {
      this.#events.push(event)
      this.#bytes += event.entry.bytes.length
    }
    if (this.#events.length > MOST_EVENTS || this.#bytes > MOST_BYTES) this.#trim()
  }

  /** All changes above a revision; undefined when they are no longer here. */
  since(revision: number): CacheEvent[] | undefined {
    if (revision < this.#start) return undefined
    const first = this.#events.findIndex(event => event.revision > revision)
    return first < 0 ? [] : this.#events.slice(first)
  }

  /** Oldest revision a watch can start from without the store's log. */
  get start(): number {
    return this.#start
  }

  /** Drops a quarter more than needed, so that this is done seldom. */
  #trim(): void {
    let drop = 0
    while (
      drop < this.#events.length - 1 &&
      (this.#events.length - drop > MOST_EVENTS * 0.75 || this.#bytes > MOST_BYTES * 0.75)
    ) {
      this.#bytes -= this.#events[drop++]!.entry.bytes.length
    }
    if (drop === 0) return
    this.#start = this.#events[drop - 1]!.revision
    this.#events = this.#events.slice(drop)
  }
}
