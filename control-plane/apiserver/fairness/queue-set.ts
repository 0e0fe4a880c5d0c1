import type { Refusal } from './flow-stats.ts'
import { dealHand, hashFlow } from './shuffle-shard.ts'
import type { Queue, Ticket } from './ticket.ts'
import { Usage } from './usage.ts'

/** How requests of a level wait. `queues` is 0 where they are refused instead, and -1 where there is no limit. */
export interface Queuing {
  queues: number
  handSize: number
  queueLengthLimit: number
}

export type Admission = 'execute' | 'wait' | Refusal

/** What a request is reckoned to take until it is known better, in seconds. */
const SERVICE_TIME = 0.003
const MILLI = 0.001

/**
 * Fair queuing for server requests (KEP-1040). Each queue has a virtual time at which its next request would start; it
 * advances by the work of what it started, and the queue whose request would be finished first is served next. Virtual
 * time goes on by as many seat-seconds as each queue with requests is due.
 *
 * While seats are free, a request passes by the queues at the cost of some additions: it counts for its queue all the
 * same, so that who has had much waits longest when there are too few.
 */
export class QueueSet {
  readonly usage = new Usage()
  /** Seats that there are. */
  limit = 0
  /** Virtual time, in seat-seconds for each queue. */
  r = 0
  seatsInUse = 0
  seatsWaiting = 0
  waiting = 0
  dispatched = 0
  refused = 0
  cancelled = 0
  /** When the latest request started, its start in virtual time, and those of the earliest and latest queue then. */
  readonly latest = { r: 0, start: 0, least: 0, most: 0, leastLess: 0, mostLess: 0 }
  readonly executing = new Set<Ticket>()
  queues: Queue[] = []
  /** Called when nothing is left, while it is set. */
  drained: (() => void) | undefined
  #queuing: Queuing = { queues: 0, handSize: 0, queueLengthLimit: 0 }
  #since: number
  /** Queues with requests. */
  #active = 0
  #robin = 0
  #enqueued = 0

  constructor(now: number) {
    this.#since = now
  }

  get isIdle(): boolean {
    return this.waiting === 0 && this.executing.size === 0
  }

  /** Takes other limits. Queues that are too many go when they are empty. */
  configure(queuing: Queuing, limit: number, denominator: number, now: number): void {
    this.advance(now)
    while (this.queues.length < queuing.queues) this.queues.push(newQueue(this.queues.length))
    while (this.queues.length > Math.max(queuing.queues, 0) && isUnused(this.queues.at(-1)!))
      this.queues.pop()
    this.#queuing = queuing
    this.limit = limit
    this.usage.limit = denominator
    this.usage.room = Math.max(queuing.queueLengthLimit, 1) * Math.max(queuing.queues, 1)
    this.#dispatchAll(now)
  }

  /** A request has come. Who is to wait is told by `decide`. */
  enter(ticket: Ticket, now: number): Admission {
    this.advance(now)
    ticket.arrivedAt = now
    ticket.arrivedR = this.r
    if (this.#queuing.queues < 1) return this.#enterWithoutQueue(ticket, now)
    const queue = this.#choose(ticket)
    if (this.seatsInUse >= this.limit && queue.waiting.length >= this.#queuing.queueLengthLimit) {
      return this.#refuse(ticket, 'queue-full')
    }
    ticket.queue = queue
    ticket.work = ticket.initialSeats * SERVICE_TIME + ticket.finalSeats * ticket.lingering
    if (isEmpty(queue)) {
      queue.nextR = this.r
      this.#active++
    }
    ticket.stats.queueLengths.add(queue.waiting.length + 1)
    if (this.waiting === 0 && this.seatsInUse < this.limit && this.#fits(ticket.seats)) {
      if (queue.nextR < this.r) queue.nextR = this.r
      this.#robin = queue.index
      this.#noteStart(queue)
      this.#start(ticket, now)
      return 'execute'
    }
    this.#enqueue(ticket, queue)
    this.#dispatchAll(now)
    return ticket.startedAt > 0 ? 'execute' : 'wait'
  }

  #enterWithoutQueue(ticket: Ticket, now: number): Admission {
    if (this.#queuing.queues === 0 && !this.#fits(ticket.seats)) {
      return this.#refuse(ticket, 'concurrency-limit')
    }
    this.#start(ticket, now)
    return 'execute'
  }

  #refuse({ stats }: Ticket, reason: Refusal): Refusal {
    this.refused++
    stats.refused[reason]++
    if (this.isIdle) this.drained?.()
    return reason
  }

  /** The queue of the flow's hand in which there is least to do; they take turns where there is as much. */
  #choose({ flow, stats }: Ticket): Queue {
    const { queues, handSize } = this.#queuing
    if (flow.hand?.length !== handSize || flow.deckSize !== queues) {
      flow.hand = dealHand(hashFlow(stats.schema, flow.distinguisher), queues, handSize)
      flow.deckSize = queues
    }
    const { hand } = flow
    const offset = this.#enqueued++ % handSize
    let best = this.queues[hand[offset]!]!
    if (this.waiting === 0) return best
    for (let i = 1; i < handSize; i++) {
      const queue = this.queues[hand[(offset + i) % handSize]!]!
      if (queue.waitingWork < best.waitingWork) best = queue
    }
    return best
  }

  #enqueue(ticket: Ticket, queue: Queue): void {
    queue.waiting.push(ticket)
    queue.waitingWork += ticket.work
    this.waiting++
    this.seatsWaiting += ticket.seats
    ticket.stats.waiting++
    ticket.stats.waitingSeats += ticket.seats
    this.#bound(queue)
  }

  /** Takes a request out of its queue. */
  #dequeue(ticket: Ticket, queue: Queue): void {
    queue.waiting.splice(queue.waiting.indexOf(ticket), 1)
    queue.waitingWork = queue.waiting.length === 0 ? 0 : queue.waitingWork - ticket.work
    this.waiting--
    this.seatsWaiting -= ticket.seats
    ticket.stats.waiting--
    ticket.stats.waitingSeats -= ticket.seats
  }

  /** No queue is served for a time before its first request came, however little it has had. */
  #bound(queue: Queue): void {
    const first = queue.waiting[0]
    if (first && queue.nextR < first.arrivedR) queue.nextR = first.arrivedR
  }

  /** Gives up a request that waits. False where it does not wait any more. */
  cancel(ticket: Ticket, now: number): boolean {
    const { queue, stats } = ticket
    if (!queue || ticket.startedAt > 0) return false
    this.advance(now)
    this.#dequeue(ticket, queue)
    ticket.queue = undefined
    if (isEmpty(queue)) this.#active--
    this.#bound(queue)
    this.refused++
    this.cancelled++
    stats.refused['time-out']++
    this.#dispatchAll(now)
    if (this.isIdle) this.drained?.()
    return true
  }

  #start(ticket: Ticket, now: number): void {
    const { queue, stats } = ticket
    if (queue && ticket.finalSeats > this.limit) narrow(ticket, Math.max(this.limit, 1))
    const { seats } = ticket
    ticket.startedAt = now
    this.executing.add(ticket)
    this.dispatched++
    this.seatsInUse += seats
    stats.dispatched++
    stats.executing++
    stats.executingSeats += seats
    if (!queue) return
    queue.executing++
    queue.seatsInUse += seats
    queue.nextR += ticket.work
  }

  /** A request has been answered. Its seats are free when its events have gone out, too. */
  leave(ticket: Ticket, now: number): void {
    this.advance(now)
    const { queue, stats } = ticket
    this.executing.delete(ticket)
    stats.executing--
    if (queue) {
      const took = (now - ticket.startedAt) * MILLI
      queue.executing--
      queue.nextR -= ticket.initialSeats * (SERVICE_TIME - took)
      this.#bound(queue)
      if (isEmpty(queue)) this.#active--
    }
    if (ticket.lingering > 0) {
      setTimeout(() => this.#release(ticket, performance.now()), ticket.lingering / MILLI).unref()
    } else this.#release(ticket, now)
  }

  #release(ticket: Ticket, now: number): void {
    this.advance(now)
    const { queue, stats, seats } = ticket
    this.seatsInUse -= seats
    stats.executingSeats -= seats
    if (queue) {
      queue.seatsInUse -= seats
      if (this.queues.length > this.#queuing.queues && isEmpty(queue)) this.#remove(queue)
    }
    this.#dispatchAll(now)
    if (this.drained && this.isIdle) this.drained()
  }

  #remove(queue: Queue): void {
    if (this.queues[queue.index] !== queue) return
    this.queues.splice(queue.index, 1)
    for (let i = queue.index; i < this.queues.length; i++) this.queues[i]!.index = i
    if (this.#robin >= queue.index) this.#robin--
  }

  #dispatchAll(now: number): void {
    while (this.waiting > 0 && this.seatsInUse < this.limit && this.#dispatch(now));
  }

  /** Starts the request that is due next. False where there are too few seats for it. */
  #dispatch(now: number): boolean {
    const queue = this.#nextQueue()
    const ticket = queue?.waiting[0]
    if (!queue || !ticket) return false
    if (!this.#fits(ticket.seats)) {
      ticket.stats.unaccommodated++
      return false
    }
    this.#robin = queue.index
    this.#dequeue(ticket, queue)
    this.latest.r = this.r
    this.latest.start = queue.nextR
    this.#start(ticket, now)
    this.#bound(queue)
    ticket.decide?.(true)
    return true
  }

  /** The queue whose first request would be finished first; after the one served last, where several would. */
  #nextQueue(): Queue | undefined {
    let best: Queue | undefined
    let finish = Number.POSITIVE_INFINITY
    const seen = this.latest
    seen.least = seen.leastLess = Number.POSITIVE_INFINITY
    seen.most = seen.mostLess = Number.NEGATIVE_INFINITY
    const count = this.queues.length
    for (let i = 1; i <= count; i++) {
      const queue = this.queues[(this.#robin + i) % count]!
      const first = queue.waiting[0]
      if (!first) continue
      const { nextR } = queue
      const less = nextR - queue.seatsInUse * SERVICE_TIME
      seen.least = Math.min(seen.least, nextR)
      seen.most = Math.max(seen.most, nextR)
      seen.leastLess = Math.min(seen.leastLess, less)
      seen.mostLess = Math.max(seen.mostLess, less)
      if (nextR + first.work < finish) {
        finish = nextR + first.work
        best = queue
      }
    }
    return best
  }

  /** Of a start that no other request waited beside. */
  #noteStart({ nextR, seatsInUse }: Queue): void {
    const { latest } = this
    latest.r = this.r
    latest.start = latest.least = latest.most = nextR
    latest.leastLess = latest.mostLess = nextR - seatsInUse * SERVICE_TIME
  }

  /** Whether there are seats; who needs more than there are at all waits until it is alone. */
  #fits(seats: number): boolean {
    if (this.#queuing.queues < 0) return true
    if (seats > this.limit) return this.executing.size === 0
    return this.seatsInUse + seats <= this.limit
  }

  /** Lets time pass until now in the state that holds since the last call. */
  advance(now: number): void {
    const seconds = (now - this.#since) * MILLI
    this.#since = now
    this.usage.note(seconds, this.seatsInUse, this.seatsWaiting, this.executing.size, this.waiting)
    if (this.#active === 0) return
    this.r += (Math.min(this.seatsInUse + this.seatsWaiting, this.limit) / this.#active) * seconds
  }
}

const newQueue = (index: number): Queue => ({
  index,
  waiting: [],
  waitingWork: 0,
  executing: 0,
  seatsInUse: 0,
  nextR: 0,
})

const isEmpty = ({ waiting, executing }: Queue): boolean => executing === 0 && waiting.length === 0

const isUnused = (queue: Queue): boolean => isEmpty(queue) && queue.seatsInUse === 0

/** Spreads what follows the answer over fewer seats and a longer time. */
function narrow(ticket: Ticket, seats: number): void {
  ticket.lingering = (ticket.finalSeats * ticket.lingering) / seats
  ticket.finalSeats = seats
}
