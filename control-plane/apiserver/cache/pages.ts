import type { EntriesView } from './sorted-entries.ts'

const LIFETIME = 5 * 60_000
const MOST = 64

/**
 * Views that paged lists go on reading from, by revision. Kept for five minutes, however often they are read (upstream
 * compacts what is older), and at most so many: those read last.
 */
export class Pages {
  #views = new Map<number, { view: EntriesView; until: number }>()
  #now: () => number

  /** `now` tells the time in milliseconds. */
  constructor(now: () => number = Date.now) {
    this.#now = now
  }

  get(revision: number): EntriesView | undefined {
    this.#expire()
    return this.#views.get(revision)?.view
  }

  keep(revision: number, view: EntriesView): void {
    this.#expire()
    const known = this.#views.get(revision)
    this.#views.delete(revision)
    this.#views.set(revision, known ?? { view, until: this.#now() + LIFETIME })
    if (this.#views.size > MOST) this.#views.delete(this.#views.keys().next().value!)
  }

  clear(): void {
    this.#views.clear()
  }

  #expire(): void {
    const now = this.#now()
    for (const [revision, { until }] of this.#views) if (until < now) this.#views.delete(revision)
  }
}
