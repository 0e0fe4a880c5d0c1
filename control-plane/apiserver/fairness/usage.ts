import { Distribution } from '../metrics/distribution.ts'

const SEAT_BOUNDS = [0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.99, 1]
const REQUEST_BOUNDS = [0, 0.001, 0.003, 0.01, 0.03, 0.1, 0.25, 0.5, 0.75, 1]
const DEMAND_BOUNDS = [0.2, 0.4, 0.6, 0.8, 1, 1.2, 1.4, 1.7, 2, 2.8, 4, 6]

/** What a level was asked for over a period, in seats. */
export interface Demand {
  peak: number
  average: number
  deviation: number
  /** Seconds; 0 where nothing can be said yet. */
  duration: number
}

/** How much of a level is used over time: each state counts for as long as it lasts. */
export class Usage {
  readonly seats = new Distribution(SEAT_BOUNDS)
  readonly executing = new Distribution(REQUEST_BOUNDS)
  readonly waiting = new Distribution(REQUEST_BOUNDS)
  readonly demand = new Distribution(DEMAND_BOUNDS)
  /** What the shares are of: seats of the level, and room in its queues. */
  limit = 1
  room = 1
  #duration = 0
  #sum = 0
  #squares = 0
  #peak = 0

  /** A state lasted for so many seconds. */
  note(seconds: number, inUse: number, wanted: number, executing: number, waiting: number): void {
    const demand = inUse + wanted
    if (demand > this.#peak) this.#peak = demand
    if (seconds <= 0) return
    this.#duration += seconds
    this.#sum += demand * seconds
    this.#squares += demand * demand * seconds
    this.seats.add(inUse / this.limit, seconds)
    this.executing.add(executing / this.limit, seconds)
    this.waiting.add(waiting / this.room, seconds)
    this.demand.add(demand / this.limit, seconds)
  }

  /** What was asked for since this was last asked. */
  takeDemand(): Demand {
    const duration = this.#duration
    const average = duration > 0 ? this.#sum / duration : 0
    const variance = duration > 0 ? this.#squares / duration - average * average : 0
    const demand = { peak: this.#peak, average, deviation: Math.sqrt(Math.max(variance, 0)), duration }
    this.#duration = 0
    this.#sum = 0
    this.#squares = 0
    this.#peak = 0
    return demand
  }
}
