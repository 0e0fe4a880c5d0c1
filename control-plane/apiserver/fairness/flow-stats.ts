import { Distribution } from '../metrics/distribution.ts'

const DURATIONS = [0, 0.005, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 15, 30]
const LENGTHS = [0, 10, 25, 50, 100, 250, 500, 1000]
const SEATS = [1, 2, 4, 8, 16, 32, 64, 100]
const WATCHES = [0, 1, 10, 100, 1000, 10_000]

/** Why a request was refused: its queue is full, its level without queues is, or it waited too long. */
export type Refusal = 'queue-full' | 'concurrency-limit' | 'time-out'

/** What is counted of the requests of one FlowSchema at one priority level. Durations are in seconds. */
export class FlowStats {
  readonly level: string
  readonly schema: string
  dispatched = 0
  readonly refused: Record<Refusal, number> = { 'queue-full': 0, 'concurrency-limit': 0, 'time-out': 0 }
  /** Attempts to start a request that there were too few seats for. */
  unaccommodated = 0
  executing = 0
  executingSeats = 0
  waiting = 0
  waitingSeats = 0
  readonly queueLengths = new Distribution(LENGTHS)
  readonly seats = new Distribution(SEATS)
  readonly watches = new Distribution(WATCHES)
  readonly waits = new Distribution(DURATIONS)
  readonly waitsInVain = new Distribution(DURATIONS)
  readonly executions = new Distribution(DURATIONS)
  readonly watchExecutions = new Distribution(DURATIONS)

  constructor(level: string, schema: string) {
    this.level = level
    this.schema = schema
  }
}
