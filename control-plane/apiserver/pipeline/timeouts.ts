import { StatusError, timeout } from '../../../api/meta/status.ts'
import { isLongRunning } from './long-running.ts'
import { sendError } from './respond.ts'
import type { Middleware } from './state.ts'

/** Upstream's --request-timeout. Milliseconds. */
const REQUEST_TIMEOUT = 60_000

/** No request but watches and connections hangs for ever: 504 after a minute. */
export const timeouts: Middleware = async (ctx, next) => {
  if (isLongRunning(ctx.state.info)) return await next()
  const timer = setTimeout(() => {
    const { status } = timeout({ group: '', plural: '' }, '')
    const message = 'Timeout: request did not complete within the allotted timeout'
    void sendError(ctx, new StatusError({ ...status, message, details: {} }))
  }, REQUEST_TIMEOUT)
  try {
    await next()
  } finally {
    clearTimeout(timer)
  }
}
