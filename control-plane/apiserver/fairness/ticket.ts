import type { UserInfo } from '../../auth/types.ts'
import type { RequestInfo } from '../pipeline/request-info.ts'
import type { FlowStats } from './flow-stats.ts'

/** Requests that are treated alike: one FlowSchema, one user or namespace. */
export interface Flow {
  readonly distinguisher: string
  /** The queues it may use, for a level with so many queues and so large hands. */
  hand: readonly number[] | undefined
  deckSize: number
}

/** A queue of a priority level. */
export interface Queue {
  index: number
  readonly waiting: Ticket[]
  /** Seat-seconds of those who wait. */
  waitingWork: number
  executing: number
  seatsInUse: number
  /** When, in virtual time, the next request would start. */
  nextR: number
}

/** A request on its way through a priority level. Times are of `performance.now()`. */
export class Ticket {
  readonly info: RequestInfo
  readonly user: UserInfo
  readonly stats: FlowStats
  readonly flow: Flow
  /** Seats it takes while it is answered, and while its events go out to watchers afterwards for so many seconds. */
  initialSeats = 1
  finalSeats = 0
  lingering = 0
  /** Seat-seconds it is expected to take. */
  work = 0
  queue: Queue | undefined = undefined
  arrivedAt = 0
  arrivedR = 0
  /** 0 until it starts. */
  startedAt = 0
  /** Told once how the wait ended. */
  decide: ((isAdmitted: boolean) => void) | undefined = undefined

  constructor(info: RequestInfo, user: UserInfo, stats: FlowStats, flow: Flow) {
    this.info = info
    this.user = user
    this.stats = stats
    this.flow = flow
  }

  /** Seats it holds from its start until all is over. */
  get seats(): number {
    return Math.max(this.initialSeats, this.finalSeats)
  }
}
