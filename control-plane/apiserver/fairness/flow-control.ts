import type { FlowSchema, PriorityLevelConfiguration } from '../../../api/kinds/flowcontrol.ts'
import type { UserInfo } from '../../auth/types.ts'
import {
  CATCH_ALL,
  EXEMPT,
  MANDATORY_LEVELS,
  MANDATORY_SCHEMAS,
} from '../../registry/flowcontrol/defaults.ts'
import type { RequestInfo } from '../pipeline/request-info.ts'
import { adjustLimits } from './borrowing.ts'
import { Classifier } from './classifier.ts'
import { CurrentRequests, kindOf } from './current-requests.ts'
import { PriorityLevel } from './priority-level.ts'
import type { Admission } from './queue-set.ts'
import { RetryAfter } from './retry-after.ts'
import { ClassifiedTicket, Schema } from './schema.ts'
import type { WorkEstimator } from './work-estimate.ts'

export interface FlowControlOptions {
  /** Requests that are answered at once, apart from exempt ones. */
  seats: number
  estimator: WorkEstimator
}

/** A schema, and whether there is the level it leads to. */
export interface Reference {
  schema: FlowSchema
  isFound: boolean
}

/**
 * API priority and fairness: finds each request's FlowSchema and priority level and lets it in when its level has a seat
 * for it. Without any configuration there are the mandatory ones.
 */
export class FlowControl {
  readonly seats: number
  readonly estimator: WorkEstimator
  readonly retryAfter = new RetryAfter()
  readonly current = new CurrentRequests(performance.now())
  levels = new Map<string, PriorityLevel>()
  /** The fraction of their targets that levels were given last. */
  fraction = 0
  #classifier!: Classifier
  #drained = () => {}

  constructor({ seats, estimator }: FlowControlOptions) {
    this.seats = seats
    this.estimator = estimator
    this.configure([], [])
  }

  /** Calls back when a level that is not wanted any more has become empty: configure anew, and it is gone. */
  onDrained(callback: () => void): void {
    this.#drained = callback
  }

  /** Takes a configuration: all of it that makes sense. Requests under way stay at their levels. */
  configure(
    levelObjects: readonly PriorityLevelConfiguration[],
    schemaObjects: readonly FlowSchema[],
  ): Reference[] {
    const now = performance.now()
    const sound = levelObjects.filter(isSound)
    const levels = this.#takeLevels(sound, now)
    const names = new Set(sound.map(({ metadata }) => metadata.name))
    const references = schemaObjects.map(schema => ({
      schema,
      isFound: names.has(schema.spec.priorityLevelConfiguration.name),
    }))
    this.#takeSchemas(references.filter(({ isFound }) => isFound).map(({ schema }) => schema))
    const shareSum = [...levels.values()].reduce((sum, { shares }) => sum + shares, 0)
    for (const level of levels.values()) level.divide(this.seats, shareSum)
    this.fraction = adjustLimits([...levels.values()], this.seats, now)
    this.#limitCurrent()
    return references
  }

  #limitCurrent(): void {
    let executing = 0
    let waiting = 0
    for (const { nominal, queuing } of this.levels.values()) {
      executing += nominal
      waiting += Math.max(queuing.queues, 0) * queuing.queueLengthLimit
    }
    this.current.limit(executing, waiting)
  }

  /** Levels by their names: those that are wanted, mandatory, or still busy. */
  #takeLevels(objects: readonly PriorityLevelConfiguration[], now: number): Map<string, PriorityLevel> {
    const former = this.levels
    const levels = new Map<string, PriorityLevel>()
    const wanted = new Map(MANDATORY_LEVELS.map(object => [object.metadata.name, object]))
    for (const object of objects) wanted.set(object.metadata.name, object)
    for (const [name, object] of wanted) {
      const level = former.get(name) ?? new PriorityLevel(object, now)
      level.object = object
      level.isQuiescing = false
      level.requests.drained = undefined
      levels.set(name, level)
    }
    for (const [name, level] of former) {
      if (levels.has(name) || level.requests.isIdle) continue
      level.isQuiescing = true
      level.requests.drained = () => this.#drained()
      levels.set(name, level)
    }
    this.levels = levels
    return levels
  }

  #takeSchemas(objects: readonly FlowSchema[]): void {
    const sorted = objects.toSorted(inOrder)
    const [exempt, catchAll] = [EXEMPT, CATCH_ALL].map(name => {
      const given = sorted.some(({ metadata }) => metadata.name === name)
      return given ? [] : MANDATORY_SCHEMAS.filter(({ metadata }) => metadata.name === name)
    })
    const schemas = [...exempt!, ...sorted, ...catchAll!].map(object => {
      const level = this.levels.get(object.spec.priorityLevelConfiguration.name)!
      return new Schema(object, level, level.statsOf(object.metadata.name))
    })
    const last = schemas.find(({ name }) => name === CATCH_ALL)!
    this.#classifier = new Classifier(schemas, last)
  }

  /** Adjusts what levels lend to each other by what was asked for since the last time. */
  adjust(): void {
    this.fraction = adjustLimits([...this.levels.values()], this.seats, performance.now())
  }

  /** What a request is reckoned to need, and where. */
  open(info: RequestInfo, user: UserInfo): ClassifiedTicket {
    const schema = this.#classifier.classify(info, user)
    const ticket = new ClassifiedTicket(info, user, schema)
    this.estimator.estimate(ticket, schema.level.maxSeats)
    schema.stats.seats.add(ticket.seats)
    return ticket
  }

  enter(ticket: ClassifiedTicket): Admission {
    const now = performance.now()
    const admission = ticket.schema.level.requests.enter(ticket, now)
    if (admission === 'execute') this.current.executing[kindOf(ticket.info)].change(1, now)
    else if (admission === 'wait') this.current.waiting[kindOf(ticket.info)].change(1, now)
    return admission
  }

  /** The wait is over; gives how long it was, in seconds. */
  waited({ info, arrivedAt }: ClassifiedTicket, isAdmitted: boolean): number {
    const now = performance.now()
    const kind = kindOf(info)
    this.current.waiting[kind].change(-1, now)
    if (isAdmitted) this.current.executing[kind].change(1, now)
    return (now - arrivedAt) / 1000
  }

  /** Gives up the wait; false where it is over already. */
  cancel(ticket: ClassifiedTicket): boolean {
    return ticket.schema.level.requests.cancel(ticket, performance.now())
  }

  /** The request has been answered; of a watch: what there was at its start has been sent. */
  leave(ticket: ClassifiedTicket): void {
    const now = performance.now()
    const { stats, info, startedAt } = ticket
    const executions = info.verb === 'watch' ? stats.watchExecutions : stats.executions
    executions.add((now - startedAt) / 1000)
    this.current.executing[kindOf(info)].change(-1, now)
    ticket.schema.level.requests.leave(ticket, now)
  }
}

const inOrder = (a: FlowSchema, b: FlowSchema): number =>
  (a.spec.matchingPrecedence ?? 0) - (b.spec.matchingPrecedence ?? 0) ||
  (a.metadata.name < b.metadata.name ? -1 : 1)

/** Broken objects, which validation lets nobody write, are taken for not there. */
function isSound({ metadata, spec }: PriorityLevelConfiguration): boolean {
  if ((spec.type === 'Exempt') !== (metadata.name === EXEMPT)) return false
  if (spec.type === 'Exempt') return spec.exempt !== undefined && spec.limited === undefined
  const { type, queuing } = spec.limited?.limitResponse ?? {}
  if (type === 'Queue') return queuing !== undefined && queuing.handSize <= queuing.queues
  return type === 'Reject' && queuing === undefined
}
