import { sendText } from '../pipeline/respond.ts'
import type { ApiContext } from '../pipeline/state.ts'
import type { FlowControl } from './flow-control.ts'
import type { PriorityLevel } from './priority-level.ts'
import type { Ticket } from './ticket.ts'

type Row = readonly (string | number | boolean)[]

/** Where the state of priority and fairness is shown. */
export const DUMP_PATH = '/debug/api_priority_and_fairness/'

/** Shows levels, queues or requests as a table, as upstream does; what there is no table for is not found. */
export async function dumpHandler(ctx: ApiContext, control: FlowControl): Promise<void> {
  const { path, query } = ctx.state.info
  const levels = [...control.levels.values()]
  switch (path.slice(DUMP_PATH.length)) {
    case 'dump_priority_levels':
      return await sendText(ctx, 200, table(LEVELS, levels.toSorted(byName).map(levelRow)))
    case 'dump_queues':
      return await sendText(ctx, 200, table(QUEUES, levels.flatMap(queueRows)))
    case 'dump_requests': {
      const withDetails = (query.get('includeRequestDetails') ?? '') !== ''
      const rows = levels.flatMap(level => requestRows(level, withDetails))
      return await sendText(ctx, 200, table(withDetails ? [...REQUESTS, ...DETAILS] : REQUESTS, rows))
    }
    default:
      return await sendText(ctx, 404, '404 page not found\n')
  }
}

const byName = (a: PriorityLevel, b: PriorityLevel): number => (a.name < b.name ? -1 : 1)

const LEVELS = [
  'PriorityLevelName',
  'ActiveQueues',
  'IsIdle',
  'IsQuiescing',
  'WaitingRequests',
  'ExecutingRequests',
  'DispatchedRequests',
  'RejectedRequests',
  'TimedoutRequests',
  'CancelledRequests',
]

function levelRow({ name, requests, isQuiescing }: PriorityLevel): Row {
  const { queues, isIdle, waiting, executing, dispatched, refused, cancelled } = requests
  const active = queues.filter(queue => queue.waiting.length > 0).length
  return [name, active, isIdle, isQuiescing, waiting, executing.size, dispatched, refused, 0, cancelled]
}

const QUEUES = [
  'PriorityLevelName',
  'Index',
  'PendingRequests',
  'ExecutingRequests',
  'SeatsInUse',
  'NextDispatchR',
  'InitialSeatsSum',
  'MaxSeatsSum',
  'TotalWorkSum',
]

const queueRows = ({ name, requests }: PriorityLevel): Row[] =>
  requests.queues.map(({ index, waiting, executing, seatsInUse, nextR, waitingWork }) => [
    name,
    index,
    waiting.length,
    executing,
    seatsInUse,
    seatSeconds(nextR),
    waiting.reduce((sum, ticket) => sum + ticket.initialSeats, 0),
    waiting.reduce((sum, ticket) => sum + ticket.seats, 0),
    seatSeconds(waitingWork),
  ])

const seatSeconds = (value: number): string => `${value.toFixed(8)}ss`

const REQUESTS = [
  'PriorityLevelName',
  'FlowSchemaName',
  'QueueIndex',
  'RequestIndexInQueue',
  'FlowDistingsher',
  'ArriveTime',
  'InitialSeats',
  'FinalSeats',
  'AdditionalLatency',
  'StartTime',
]
const DETAILS = ['UserName', 'Verb', 'APIPath', 'Namespace', 'Name', 'APIVersion', 'Resource', 'SubResource']

function requestRows({ name, requests }: PriorityLevel, withDetails: boolean): Row[] {
  const row = (ticket: Ticket, position: number): Row => {
    const { stats, queue, flow, initialSeats, finalSeats, lingering } = ticket
    return [
      name,
      stats.schema,
      queue?.index ?? -1,
      position,
      flow.distinguisher,
      timeOf(ticket.arrivedAt),
      initialSeats,
      finalSeats,
      `${Math.round(lingering * 1e6) / 1e3}ms`,
      ticket.startedAt > 0 ? timeOf(ticket.startedAt) : '0001-01-01T00:00:00Z',
      ...(withDetails ? detailsOf(ticket) : []),
    ]
  }
  return [
    ...requests.queues.flatMap(({ waiting }) => waiting.map(row)),
    ...[...requests.executing].map(ticket => row(ticket, -1)),
  ]
}

function detailsOf({ user, info }: Ticket): Row {
  const { verb, path, namespace = '', name = '', group, version, resource, subresource } = info
  const apiVersion = group === '' ? version : `${group}/${version}`
  return [user.name, verb, path, namespace, name, apiVersion, resource, subresource]
}

const timeOf = (time: number): string => new Date(performance.timeOrigin + time).toISOString()

const LEAST_WIDTH = 8

/** Columns beneath each other, with commas after all but the last. */
function table(headers: readonly string[], rows: readonly Row[]): string {
  const lines = [headers, ...rows].map(row =>
    row.map((cell, i) => (i < row.length - 1 ? `${cell},` : String(cell))),
  )
  const widths = headers.map((_, i) => Math.max(LEAST_WIDTH, ...lines.map(line => line[i]!.length + 1)))
  const text = lines.map(line =>
    line.map((cell, i) => (i < line.length - 1 ? cell.padEnd(widths[i]!) : cell)).join(''),
  )
  return `${text.join('\n')}\n`
}
