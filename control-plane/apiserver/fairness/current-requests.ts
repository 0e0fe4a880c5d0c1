import { Distribution } from '../metrics/distribution.ts'
import type { RequestInfo } from '../pipeline/request-info.ts'

const BOUNDS = [0, 0.001, 0.01, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.99, 1]
const MILLI = 0.001

/** Requests in one state, as a part of how many there may be, over time. */
class Track {
  readonly distribution = new Distribution(BOUNDS)
  limit = 1
  #count = 0
  #since: number

  constructor(now: number) {
    this.#since = now
  }

  /** How many there are now. */
  get count(): number {
    return this.#count
  }

  change(delta: number, now: number): void {
    this.distribution.add(this.#count / this.limit, (now - this.#since) * MILLI)
    this.#since = now
    this.#count += delta
  }
}

/** How many requests that read and that write are answered, and wait. */
export class CurrentRequests {
  readonly executing: { readOnly: Track; mutating: Track }
  readonly waiting: { readOnly: Track; mutating: Track }

  constructor(now: number) {
    this.executing = { readOnly: new Track(now), mutating: new Track(now) }
    this.waiting = { readOnly: new Track(now), mutating: new Track(now) }
  }

  /** How many may be answered, and may wait. */
  limit(executing: number, waiting: number): void {
    for (const kind of ['readOnly', 'mutating'] as const) {
      this.executing[kind].limit = Math.max(executing, 1)
      this.waiting[kind].limit = Math.max(waiting, 1)
    }
  }
}

/** Upstream's kinds of requests. */
export const kindOf = ({ verb }: RequestInfo): 'readOnly' | 'mutating' =>
  verb === 'get' || verb === 'list' || verb === 'watch' ? 'readOnly' : 'mutating'
