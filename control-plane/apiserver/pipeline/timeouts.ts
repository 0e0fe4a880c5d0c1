import { badRequest, StatusError, timeout } from '../../../api/meta/status.ts'
import { isLongRunning } from './long-running.ts'
import type { RequestInfo } from './request-info.ts'
import { sendError } from './respond.ts'
import type { Middleware } from './state.ts'

/** Upstream's --request-timeout: no request may ask for longer. Milliseconds. */
export const REQUEST_TIMEOUT = 60_000
/** Milliseconds. */
const UNITS: Record<string, number> = { ns: 1e-6, us: 1e-3, µs: 1e-3, ms: 1, s: 1e3, m: 60e3, h: 3600e3 }
const DURATION = /^(\d+(\.\d*)?|\.\d+)(ns|us|µs|ms|s|m|h)/

/**
 * No request but watches and connections hangs for ever: 504 after a minute, or after `?timeout=` if that is less.
 * @throws StatusError 400 for a time-out that is no duration
 */
export const timeouts: Middleware = async (ctx, next) => {
  const { state } = ctx
  const { info } = state
  if (isLongRunning(info)) return await next()
  const timer = setTimeout(() => {
    const { status } = timeout({ group: '', plural: '' }, '')
    const message = 'Timeout: request did not complete within the allotted timeout'
    if (!ctx.res.headersSent) state.terminated = 504
    void sendError(ctx, new StatusError({ ...status, message, details: {} }))
  }, requestTimeout(info))
  try {
    await next()
  } finally {
    clearTimeout(timer)
  }
}

/** The time a request has, in milliseconds. @throws StatusError 400 */
export function requestTimeout({ query }: RequestInfo): number {
  const asked = query.get('timeout')
  return asked ? Math.min(readTimeout(asked), REQUEST_TIMEOUT) : REQUEST_TIMEOUT
}

/** Go's durations: `1m30s`. 0 stands for the longest. */
function readTimeout(text: string): number {
  if (text === '0') return REQUEST_TIMEOUT
  let rest = text
  let total = 0
  while (rest !== '') {
    const [part, count, , unit] = DURATION.exec(rest) ?? []
    if (part === undefined)
      throw badRequest(`invalid timeout specified in the request URL - time: invalid duration "${text}"`)
    total += Number(count) * UNITS[unit!]!
    rest = rest.slice(part.length)
  }
  return total || REQUEST_TIMEOUT
}
