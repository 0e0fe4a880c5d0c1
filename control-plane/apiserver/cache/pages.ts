import type { EntriesView } from './sorted-entries.ts'

const LIFETIME = 5 * 60_000
const MOST = 64

/** Views that paged lists go on reading from, by revision. Kept for five minutes and at most so many. */
export class Pages {
  #views = new Map<number, { view: EntriesView; until: number }>()

  get(revision: number): EntriesView | undefined {
    this.#expire()
    return this.#views.get(revision)?.view
  }

  keep(revision: number, view: EntriesView): void {
    this.#expire()
    const known = this.#views.get(revision)
    this.#views.delete(revision)
    this.#views.set(revision, { view: known?.view ?? view, until: Date.now() + LIFETIME })
    if (this.#views.size > MOST) this.#views.delete(this.#views.keys().next().value!)
  }

  clear(): void {
    this.#views.clear()
  }

  #expire(): void {
    const now = Date.now()
    for (const [revision, { until }] of this.#views) if (until < now) this.#views.delete(revision)
  }
}
