import type { FlowSchema } from '../../../api/kinds/flowcontrol.ts'
import type { UserInfo } from '../../auth/types.ts'
import type { RequestInfo } from '../pipeline/request-info.ts'
import type { FlowStats } from './flow-stats.ts'
import type { PriorityLevel } from './priority-level.ts'
import { type Flow, Ticket } from './ticket.ts'

const newFlow = (distinguisher: string): Flow => ({ distinguisher, hand: undefined, deckSize: 0 })

/** Flows that are remembered; more are forgotten together. */
const MOST_FLOWS = 10_000

/** A FlowSchema as it is used: it leads to its level. */
export class Schema {
  readonly name: string
  readonly object: FlowSchema
  readonly level: PriorityLevel
  readonly stats: FlowStats
  /** What answers carry, so that one can find out how a request was classified. */
  readonly uid: string
  readonly levelUid: string
  readonly #method: 'ByUser' | 'ByNamespace' | undefined
  readonly #flows = new Map<string, Flow>()

  constructor(object: FlowSchema, level: PriorityLevel, stats: FlowStats) {
    this.name = object.metadata.name
    this.object = object
    this.level = level
    this.stats = stats
    this.uid = object.metadata.uid ?? ''
    this.levelUid = level.object.metadata.uid ?? ''
    this.#method = level.queueCount > 1 ? object.spec.distinguisherMethod?.type : undefined
  }

  flowOf(info: RequestInfo, user: UserInfo): Flow {
    const method = this.#method
    const distinguisher = method === undefined ? '' : method === 'ByUser' ? user.name : (info.namespace ?? '')
    const known = this.#flows.get(distinguisher)
    if (known) return known
    if (this.#flows.size >= MOST_FLOWS) this.#flows.clear()
    const flow = newFlow(distinguisher)
    this.#flows.set(distinguisher, flow)
    return flow
  }
}

/** A request whose schema has been found. */
export class ClassifiedTicket extends Ticket {
  readonly schema: Schema

  constructor(info: RequestInfo, user: UserInfo, schema: Schema) {
    super(info, user, schema.stats, schema.flowOf(info, user))
    this.schema = schema
  }
}
