import type { Logger } from '../../plugins/plugin.ts'

/** What compaction needs of a store. */
export interface CompactedStore {
  revision(type: string): Promise<number>
  /** Takes changes up to a revision out of a type's log. */
  trim(type: string, revision: number): Promise<void>
}

/** Looks so many times in the course of the retention. */
const STEPS = 10

/**
 * Takes changes out of the logs that are older than the retention, so that what was busy once does not stay large.
 * (kube-apiserver does it after 5 minutes; a watch from longer ago gets 410 and lists anew.) Several servers may do it on
 * one store.
 */
export class Compaction {
  #store: CompactedStore
  #log: Logger
  #timer: NodeJS.Timeout
  /** Of each type the revisions it was at, oldest first, one for each look. */
  #marks = new Map<string, number[]>()
  #trimmed = new Map<string, number>()

  /** `retention` in milliseconds. */
  constructor(store: CompactedStore, retention: number, log: Logger) {
    this.#store = store
    this.#log = log
    this.#timer = setInterval(() => void this.#look(), retention / STEPS)
    this.#timer.unref()
  }

  /** From now on the type's log is looked after. */
  include(type: string): void {
    if (!this.#marks.has(type)) this.#marks.set(type, [])
  }

  stop(): void {
    clearInterval(this.#timer)
  }

  async #look(): Promise<void> {
    try {
      await Promise.all([...this.#marks].map(([type, marks]) => this.#compact(type, marks)))
    } catch (error) {
      this.#log.debug({ error: (error as Error).message }, 'cannot compact the store')
    }
  }

  async #compact(type: string, marks: number[]): Promise<void> {
    marks.push(await this.#store.revision(type))
    if (marks.length <= STEPS) return
    const old = marks.shift()!
    if (old <= (this.#trimmed.get(type) ?? 1)) return
    await this.#store.trim(type, old)
    this.#trimmed.set(type, old)
  }
}
