import type { Registry } from 'prom-client'
import type { Distribution } from '../metrics/distribution.ts'
import { type Labels, register } from '../metrics/tables.ts'
import type { FlowControl } from './flow-control.ts'
import type { FlowStats } from './flow-stats.ts'
import type { PriorityLevel } from './priority-level.ts'

const PREFIX = 'apiserver_flowcontrol_'
/** Durations of states are told in nanoseconds. */
const NANO = 1e9

interface Sample {
  labels: Labels
  value: number
}

/** Metrics of priority and fairness, under upstream's names. They are put together when they are read. */
export function registerFlowMetrics(registry: Registry, control: FlowControl): void {
  const add = (name: string, type: 'counter' | 'gauge' | 'histogram', help: string, values: () => object[]) =>
    register(registry, PREFIX + name, type, help, values)
  registerLevels(control, add)
  registerFlows(control, add)
  registerUsage(control, add)
  register(registry, 'apiserver_current_inqueue_requests', 'gauge', 'Requests that wait, by kind', () =>
    (['readOnly', 'mutating'] as const).map(kind => ({
      labels: { request_kind: kind },
      value: control.current.waiting[kind].count,
    })),
  )
  add('seat_fair_frac', 'gauge', 'Fraction of its target that each level was given', () => [
    { labels: {}, value: control.fraction },
  ])
}

type Add = (
  name: string,
  type: 'counter' | 'gauge' | 'histogram',
  help: string,
  values: () => object[],
) => void

function registerLevels(control: FlowControl, add: Add): void {
  const each = (name: string, help: string, value: (level: PriorityLevel) => number) =>
    add(name, 'gauge', help, () =>
      [...control.levels.values()].map(level => ({
        labels: { priority_level: level.name },
        value: value(level),
      })),
    )
  each('nominal_limit_seats', 'Seats configured for a level', ({ nominal }) => nominal)
  each('lower_limit_seats', 'Seats that a level keeps', ({ least }) => least)
  each('upper_limit_seats', 'Seats that a level may have', ({ most }) => most)
  each('current_limit_seats', 'Seats that a level has now', ({ current }) => current)
  each('request_concurrency_limit', 'Seats configured for a level', ({ nominal }) => nominal)
  each('demand_seats_high_watermark', 'Most seats wanted in a period', ({ demand }) => demand.peak)
  each('demand_seats_average', 'Seats wanted in a period', ({ demand }) => demand.average)
  each('demand_seats_stdev', 'Deviation of the seats wanted', ({ demand }) => demand.deviation)
  each('demand_seats_smoothed', 'Seats wanted, smoothed', ({ smoothed }) => smoothed)
  each('target_seats', 'Seats that a level should have', ({ target }) => target)
  each('current_r', 'Virtual time', ({ requests }) => requests.r)
  each('dispatch_r', 'Virtual time of the latest start', ({ requests }) => requests.latest.r)
  each('latest_s', 'Virtual start of the latest request', ({ requests }) => requests.latest.start)
  const bounds = (name: string, help: string, least: (level: PriorityLevel) => number, most: typeof least) =>
    add(name, 'gauge', help, () =>
      [...control.levels.values()].flatMap(level => [
        { labels: { priority_level: level.name, bound: 'min' }, value: least(level) },
        { labels: { priority_level: level.name, bound: 'max' }, value: most(level) },
      ]),
    )
  bounds(
    'next_s_bounds',
    'Bounds, over queues, of the start of the first request that waits',
    ({ requests }) => requests.latest.least,
    ({ requests }) => requests.latest.most,
  )
  bounds(
    'next_discounted_s_bounds',
    'The same, less what is reckoned to be under way',
    ({ requests }) => requests.latest.leastLess,
    ({ requests }) => requests.latest.mostLess,
  )
}

const flowsOf = (control: FlowControl): FlowStats[] =>
  [...control.levels.values()].flatMap(({ stats }) => [...stats.values()])

const labelsOf = ({ level, schema }: FlowStats): Labels => ({ priority_level: level, flow_schema: schema })

function registerFlows(control: FlowControl, add: Add): void {
  const each = (name: string, type: 'counter' | 'gauge', help: string, value: (flow: FlowStats) => number) =>
    add(name, type, help, () =>
      flowsOf(control)
        .filter(({ dispatched, waiting, seats }) => dispatched + waiting > 0 || !seats.isEmpty)
        .map(flow => ({ labels: labelsOf(flow), value: value(flow) })),
    )
  each('dispatched_requests_total', 'counter', 'Requests that were started', flow => flow.dispatched)
  each('current_inqueue_requests', 'gauge', 'Requests that wait', flow => flow.waiting)
  each('current_inqueue_seats', 'gauge', 'Seats of requests that wait', flow => flow.waitingSeats)
  each('current_executing_requests', 'gauge', 'Requests that are answered', flow => flow.executing)
  each('current_executing_seats', 'gauge', 'Seats that are taken', flow => flow.executingSeats)
  each('request_concurrency_in_use', 'gauge', 'Seats that are taken', flow => flow.executingSeats)
  add('request_dispatch_no_accommodation_total', 'counter', 'Starts put off for want of seats', () =>
    flowsOf(control)
      .filter(({ unaccommodated }) => unaccommodated > 0)
      .map(flow => ({ labels: labelsOf(flow), value: flow.unaccommodated })),
  )
  add('rejected_requests_total', 'counter', 'Requests that were refused', () =>
    flowsOf(control).flatMap(refusals),
  )
  registerFlowDistributions(control, add)
}

const refusals = (flow: FlowStats): Sample[] =>
  Object.entries(flow.refused)
    .filter(([, value]) => value > 0)
    .map(([reason, value]) => ({ labels: { ...labelsOf(flow), reason }, value }))

type Part = [Labels, Distribution]

function registerFlowDistributions(control: FlowControl, add: Add): void {
  const each = (name: string, help: string, parts: (flow: FlowStats) => Part[]) =>
    add(name, 'histogram', help, () =>
      flowsOf(control).flatMap(flow =>
        parts(flow)
          .filter(([, distribution]) => !distribution.isEmpty)
          .flatMap(([more, distribution]) => [
            ...distribution.series(PREFIX + name, { ...labelsOf(flow), ...more }),
          ]),
      ),
    )
  each('request_wait_duration_seconds', 'Time spent waiting in a queue', ({ waits, waitsInVain }) => [
    [{ execute: 'true' }, waits],
    [{ execute: 'false' }, waitsInVain],
  ])
  each(
    'request_execution_seconds',
    'Time from the start to the answer',
    ({ executions, watchExecutions }) => [
      [{ type: 'regular' }, executions],
      [{ type: 'watch' }, watchExecutions],
    ],
  )
  each('request_queue_length_after_enqueue', 'Length of the queue that a request came to', flow => [
    [{}, flow.queueLengths],
  ])
  each('work_estimated_seats', 'Seats that requests were reckoned to need', ({ seats }) => [[{}, seats]])
  each('watch_count_samples', 'Watchers that a write was reckoned to have', ({ watches }) => [[{}, watches]])
}

function registerCurrent({ current }: FlowControl, add: Add): void {
  const name = 'read_vs_write_current_requests'
  add(name, 'histogram', 'Requests that read and that write, as a share of the limit, over time', () =>
    (['waiting', 'executing'] as const).flatMap(phase =>
      (['readOnly', 'mutating'] as const).flatMap(kind => {
        const track = current[phase][kind]
        track.change(0, performance.now())
        return [...track.distribution.series(PREFIX + name, { phase, request_kind: kind }, NANO)]
      }),
    ),
  )
}

function registerUsage(control: FlowControl, add: Add): void {
  registerCurrent(control, add)
  const each = (name: string, help: string, parts: (level: PriorityLevel) => Part[]) =>
    add(name, 'histogram', help, () =>
      [...control.levels.values()].flatMap(level => {
        level.requests.advance(performance.now())
        return parts(level).flatMap(([more, distribution]) => [
          ...distribution.series(PREFIX + name, { ...more, priority_level: level.name }, NANO),
        ])
      }),
    )
  each('priority_level_seat_utilization', 'Share of seats that are taken, over time', ({ requests }) => [
    [{ phase: 'executing' }, requests.usage.seats],
  ])
  each(
    'priority_level_request_utilization',
    'Requests as a share of the limit, over time',
    ({ requests }) => [
      [{ phase: 'executing' }, requests.usage.executing],
      [{ phase: 'waiting' }, requests.usage.waiting],
    ],
  )
  each('demand_seats', 'Seats wanted as a share of those configured, over time', ({ requests }) => [
    [{}, requests.usage.demand],
  ])
}
