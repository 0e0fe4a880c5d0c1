/** How many changes a type's log keeps, however small they are. */
const MOST = 4_096
/** So many are kept however large they are. */
const LEAST = 16
/** A log is held to about so many bytes. */
const BUDGET = 8 * 1024 * 1024
/** How much of the mean the latest document counts. */
const WEIGHT = 1 / 64

/** What is written often and hardly watched from far back has a shorter log. */
const SHORT: Record<string, number> = { 'leases.coordination.k8s.io': 512, events: 1_024 }

/**
 * How long the logs may be: bounded by number and, through the mean size of what is written, by bytes. Each write trims
 * its log to that.
 */
export class LogLengths {
  #most: number
  #means = new Map<string, number>()

  constructor(most = MOST) {
    this.#most = most
  }

  /** Entries the log of a type may have now. */
  of(type: string): number {
    const most = Math.min(SHORT[type] ?? this.#most, this.#most)
    const mean = this.#means.get(type)
    return mean === undefined ? most : Math.min(most, Math.max(LEAST, Math.floor(BUDGET / mean)))
  }

  /** Notes the size of a document that is written. */
  note(type: string, bytes: number): void {
    const mean = this.#means.get(type) ?? bytes
    this.#means.set(type, mean + (bytes - mean) * WEIGHT)
  }
}
