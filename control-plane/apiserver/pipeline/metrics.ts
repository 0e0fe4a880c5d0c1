import type { Registry } from 'prom-client'
import { Peak } from '../metrics/peak.ts'
import { RequestMetrics } from '../metrics/request-metrics.ts'
import { register } from '../metrics/tables.ts'
import { isLongRunning } from './long-running.ts'
import type { RequestInfo } from './request-info.ts'
import type { Middleware } from './state.ts'

/** Request metrics under upstream's names. */
export function metrics(registry: Registry): Middleware {
  const requests = new RequestMetrics(registry)
  const inflight = { readOnly: new Peak(), mutating: new Peak() }
  register(
    registry,
    'apiserver_current_inflight_requests',
    'gauge',
    'Most requests that were answered at once in the latest second, by kind',
    () =>
      Object.entries(inflight).map(([kind, peak]) => ({
        labels: { request_kind: kind },
        value: peak.read(performance.now()),
      })),
  )
  return async (ctx, next) => {
    const { req, state } = ctx
    const { info } = state
    const start = performance.now()
    state.received = start
    const series = requests.seriesOf(info, req)
    const open = isLongRunning(info) ? requests.openOf(series) : undefined
    const peak = isRead(info) ? inflight.readOnly : inflight.mutating
    if (open) open.value++
    else peak.enter(start)
    try {
      await next()
    } finally {
      const end = performance.now()
      if (open) open.value--
      else peak.leave(end)
      const seconds = (end - start) / 1000
      requests.answered(series, ctx.res.statusCode, seconds, req.headers['user-agent'], state)
    }
  }
}

const isRead = ({ method }: RequestInfo): boolean => method === 'GET' || method === 'HEAD'
