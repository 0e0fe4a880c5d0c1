import type { Registry } from 'prom-client'
import { CounterTable } from '../metrics/tables.ts'
import { isLongRunning } from './long-running.ts'
import { sendBody } from './respond.ts'
import type { Middleware } from './state.ts'

/** How many requests are answered at the same time; 0 for any number. Upstream's flags and defaults. */
export interface InflightLimits {
  /** `--max-requests-inflight`: requests that only read. */
  reading: number
  /** `--max-mutating-requests-inflight` */
  mutating: number
}

export const DEFAULT_LIMITS: InflightLimits = { reading: 400, mutating: 200 }

const READING = new Set(['get', 'list'])
/** Its members repair a server that is overrun. */
const PRIVILEGED = 'system:masters'
const MESSAGE = Buffer.from('Too many requests, please try again later.\n')

/** Refuses what goes beyond the limits with 429 and tells when to come again. Watches and connections do not count. */
export function limits(most: InflightLimits, registry: Registry): Middleware {
  const running = { reading: 0, mutating: 0 }
  const dropped = new CounterTable(
    registry,
    'apiserver_dropped_requests_total',
    'Requests refused because too many were being answered',
  )
  return async (ctx, next) => {
    const { info, user } = ctx.state
    if (isLongRunning(info) || user.groups.includes(PRIVILEGED)) return await next()
    const sort = READING.has(info.verb) ? 'reading' : 'mutating'
    if (most[sort] > 0 && running[sort] >= most[sort]) {
      dropped.add(sort, () => ({ request_kind: sort === 'reading' ? 'readOnly' : 'mutating' }))
      ctx.state.terminated = 429
      return await sendBody(ctx, 429, 'text/plain; charset=utf-8', MESSAGE, { 'retry-after': '1' })
    }
    running[sort]++
    try {
      await next()
    } finally {
      running[sort]--
    }
  }
}
