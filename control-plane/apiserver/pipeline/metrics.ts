import { Gauge, type Registry } from 'prom-client'
import { isLongRunning } from './long-running.ts'
import type { RequestInfo } from './request-info.ts'
import type { Middleware } from './state.ts'

/** Upper bounds of apiserver_request_duration_seconds, upstream's. */
const BUCKETS = [
  0.005, 0.025, 0.05, 0.1, 0.2, 0.4, 0.6, 0.8, 1, 1.25, 1.5, 2, 3, 4, 5, 6, 8, 10, 15, 20, 30, 45, 60,
]

type Labels = Record<string, string>

interface Series {
  labels: Labels
  count: number
  sum: number
  buckets: Uint32Array
}

/**
 * Request metrics under upstream's names. Counted in plain tables and turned into Prometheus series when scraped: the
 * request path pays one look-up.
 */
export function metrics(registry: Registry): Middleware {
  const totals = new Map<string, { labels: Labels; count: number }>()
  const durations = new Map<string, Series>()
  register(registry, totals, durations)
  const inflight = new Gauge({
    name: 'apiserver_current_inflight_requests',
    help: 'Requests that are being answered, by kind',
    labelNames: ['request_kind'],
    registers: [registry],
  })
  const kinds = { readOnly: inflight.labels('readOnly'), mutating: inflight.labels('mutating') }
  const longRunning = new Gauge({
    name: 'apiserver_longrunning_requests',
    help: 'Watches and connections that are open',
    registers: [registry],
  })
  return async (ctx, next) => {
    const { info } = ctx.state
    const start = performance.now()
    const gauge = isLongRunning(info) ? longRunning : isRead(info) ? kinds.readOnly : kinds.mutating
    gauge.inc()
    try {
      await next()
    } finally {
      gauge.dec()
      observe(totals, durations, info, ctx.res.statusCode, (performance.now() - start) / 1000)
    }
  }
}

const isRead = ({ method }: RequestInfo): boolean => method === 'GET' || method === 'HEAD'

function observe(
  totals: Map<string, { labels: Labels; count: number }>,
  durations: Map<string, Series>,
  info: RequestInfo,
  code: number,
  seconds: number,
): void {
  const { group, version, resource, subresource } = info
  const verb = info.isResourceRequest ? info.verb.toUpperCase() : info.method
  const scope = scopeOf(info)
  const id = `${verb} ${group} ${version} ${resource} ${subresource} ${scope}`
  let series = durations.get(id)
  if (!series) {
    const labels = { verb, group, version, resource, subresource, scope, component: 'apiserver', dry_run: '' }
    series = { labels, count: 0, sum: 0, buckets: new Uint32Array(BUCKETS.length) }
    durations.set(id, series)
  }
  series.count++
  series.sum += seconds
  const bucket = BUCKETS.findIndex(bound => seconds <= bound)
  if (bucket >= 0) series.buckets[bucket]!++
  const total = totals.get(`${id} ${code}`)
  if (total) total.count++
  else totals.set(`${id} ${code}`, { labels: { ...series.labels, code: String(code) }, count: 1 })
}

function scopeOf({ isResourceRequest, name, namespace, method }: RequestInfo): string {
  if (!isResourceRequest) return ''
  if (name !== undefined || method === 'POST') return 'resource'
  return namespace === undefined ? 'cluster' : 'namespace'
}

/** Series that are made when the registry is read. */
function register(
  registry: Registry,
  totals: Map<string, { labels: Labels; count: number }>,
  durations: Map<string, Series>,
): void {
  const metric = (name: string, type: string, help: string, values: () => object[]) => {
    const get = async () => ({ name, type, help, aggregator: 'sum', values: values() })
    registry.registerMetric({ name, get, reset() {} } as never)
  }
  metric('apiserver_request_total', 'counter', 'Answered requests', () =>
    totals
      .values()
      .map(({ labels, count }) => ({ labels, value: count }))
      .toArray(),
  )
  const name = 'apiserver_request_duration_seconds'
  metric(name, 'histogram', 'Time to the answer', () => durations.values().flatMap(histogram).toArray())
}

function* histogram({ labels, count, sum, buckets }: Series): Generator<object> {
  const metricName = 'apiserver_request_duration_seconds'
  let below = 0
  for (const [i, bound] of BUCKETS.entries()) {
    below += buckets[i]!
    yield { metricName: `${metricName}_bucket`, labels: { ...labels, le: bound }, value: below }
  }
  yield { metricName: `${metricName}_bucket`, labels: { ...labels, le: '+Inf' }, value: count }
  yield { metricName: `${metricName}_sum`, labels, value: sum }
  yield { metricName: `${metricName}_count`, labels, value: count }
}
