import { Gauge, type Registry } from 'prom-client'
import { CounterTable, HistogramTable } from '../metrics/tables.ts'
import { isLongRunning } from './long-running.ts'
import type { RequestInfo } from './request-info.ts'
import type { Middleware } from './state.ts'

/** Upper bounds of apiserver_request_duration_seconds, upstream's. */
const BUCKETS = [
  0.005, 0.025, 0.05, 0.1, 0.2, 0.4, 0.6, 0.8, 1, 1.25, 1.5, 2, 3, 4, 5, 6, 8, 10, 15, 20, 30, 45, 60,
]

/** Requests for paths that lead nowhere count as one from here on: whoever sends them cannot fill the memory. */
const METHODS = new Set(['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS', 'CONNECT', 'TRACE'])
const MOST_SERIES = 2_000

/** Request metrics under upstream's names. */
export function metrics(registry: Registry): Middleware {
  const observe = observer(registry)
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
      observe(info, ctx.res.statusCode, (performance.now() - start) / 1000)
    }
  }
}

const isRead = ({ method }: RequestInfo): boolean => method === 'GET' || method === 'HEAD'

type Observe = (info: RequestInfo, code: number, seconds: number) => void

function observer(registry: Registry): Observe {
  const totals = new CounterTable(registry, 'apiserver_request_total', 'Answered requests')
  const name = 'apiserver_request_duration_seconds'
  const durations = new HistogramTable(registry, name, 'Time to the answer', BUCKETS)
  // Rules and dashboards for service levels read this one. Upstream takes waits and webhooks off, which are counted here.
  durations.alsoAs(registry, 'apiserver_request_sli_duration_seconds', 'Time to the answer')
  const known = new Set<string>()
  return (info, code, seconds) => {
    let id = idOf(info)
    if (!known.has(id)) {
      if (known.size < MOST_SERIES) known.add(id)
      else id = OTHER
    }
    const labels = () => (id === OTHER ? { ...labelsOf(info), ...UNTOLD } : labelsOf(info))
    durations.observe(id, labels, seconds)
    totals.add(`${id} ${code}`, () => ({ ...labels(), code: String(code) }))
  }
}

/** Requests that go beyond the series there may be. */
const OTHER = 'other'
const UNTOLD = { group: '', version: '', resource: '', subresource: '' }

/** What tells the series of requests apart. */
const idOf = (info: RequestInfo): string =>
  `${verbOf(info)} ${info.group}/${info.version}/${info.resource}/${info.subresource} ${scopeOf(info)}`

function labelsOf(info: RequestInfo) {
  const { group, version, resource, subresource } = info
  const scope = scopeOf(info)
  const verb = verbOf(info).toUpperCase()
  return { verb, group, version, resource, subresource, scope, component: 'apiserver', dry_run: '' }
}

/** The API's verb; for other paths the method, as far as it is one. */
function verbOf({ isResourceRequest, verb, method }: RequestInfo): string {
  if (isResourceRequest) return verb
  return METHODS.has(method) ? method : 'OTHER'
}

function scopeOf({ isResourceRequest, name, namespace, method }: RequestInfo): string {
  if (!isResourceRequest) return ''
  if (name !== undefined || method === 'POST') return 'resource'
  return namespace === undefined ? 'cluster' : 'namespace'
}
