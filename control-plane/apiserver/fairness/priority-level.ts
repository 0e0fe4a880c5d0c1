import type { PriorityLevelConfiguration } from '../../../api/kinds/flowcontrol.ts'
import { FlowStats } from './flow-stats.ts'
import { QueueSet, type Queuing } from './queue-set.ts'
import type { Demand } from './usage.ts'

/** How fast what was asked for is forgotten: half of it in five minutes of ten-second periods. */
const SMOOTHING = 0.977
/** The share of a level's seats that one request may be reckoned to need. */
const MOST_OF_LEVEL = 0.15

/** A PriorityLevelConfiguration as it is used. Limits are numbers of seats. */
export class PriorityLevel {
  object: PriorityLevelConfiguration
  readonly requests: QueueSet
  /** Its object is gone; it stays until its requests have been answered. */
  isQuiescing = false
  /** Configured: by its share, less what it may lend, with what it may borrow. */
  nominal = 0
  least = 0
  most = 0
  /** What holds until limits are adjusted again. */
  current = 0
  /** Seats that a request can be reckoned to need; 0 for the estimator's own limit. */
  maxSeats = 0
  demand: Demand = { peak: 0, average: 0, deviation: 0, duration: 0 }
  smoothed = 0
  target = 0
  readonly stats = new Map<string, FlowStats>()

  constructor(object: PriorityLevelConfiguration, now: number) {
    this.object = object
    this.requests = new QueueSet(now)
  }

  get name(): string {
    return this.object.metadata.name
  }

  get isExempt(): boolean {
    return this.object.spec.type === 'Exempt'
  }

  get shares(): number {
    const { limited, exempt } = this.object.spec
    return (limited ?? exempt)?.nominalConcurrencyShares ?? 0
  }

  get queueCount(): number {
    return this.queuing.queues
  }

  get queuing(): Queuing {
    if (this.isExempt) return { queues: -1, handSize: 0, queueLengthLimit: 0 }
    const { queuing } = this.object.spec.limited!.limitResponse
    return queuing ?? { queues: 0, handSize: 0, queueLengthLimit: 0 }
  }

  statsOf(schema: string): FlowStats {
    let stats = this.stats.get(schema)
    if (!stats) {
      stats = new FlowStats(this.name, schema)
      this.stats.set(schema, stats)
    }
    return stats
  }

  /** Works out the limits from the level's share of all seats. */
  divide(serverSeats: number, shareSum: number): void {
    const { limited, exempt } = this.object.spec
    const nominal = Math.ceil((serverSeats * this.shares) / shareSum) || 0
    const lendable = Math.round((nominal * ((limited ?? exempt)?.lendablePercent ?? 0)) / 100)
    const percent = limited?.borrowingLimitPercent
    const borrowable = percent === undefined ? serverSeats : Math.round((nominal * percent) / 100)
    this.nominal = nominal
    this.least = nominal - lendable
    this.most = nominal + borrowable
    const { queues, handSize } = this.queuing
    if (queues > 0) {
      const share = Math.min(Math.ceil(nominal * MOST_OF_LEVEL), Math.floor(nominal / handSize))
      this.maxSeats = Math.max(1, share)
    }
  }

  /** Takes in what was asked for over the last period. */
  review(now: number): void {
    this.requests.advance(now)
    const demand = this.requests.usage.takeDemand()
    this.demand.peak = demand.peak
    if (demand.duration <= 0) return
    this.demand = demand
    const envelope = demand.average + demand.deviation
    this.smoothed = Math.max(envelope, SMOOTHING * this.smoothed + (1 - SMOOTHING) * envelope)
  }
}
