import { badRequest, isStatusError } from '../../../api/meta/status.ts'
import type { Logger } from '../../../plugins/plugin.ts'
import { sendError } from './respond.ts'
import type { Middleware, RequestState } from './state.ts'

/** The outermost step: whatever is thrown becomes a Status; what nobody foresaw is logged. */
export function errors(log: Logger): Middleware {
  return async (ctx, next) => {
    try {
      await next()
    } catch (thrown) {
      const error = isTooDeep(thrown) ? badRequest('json: exceeded max depth') : thrown
      if (!isStatusError(error) && !ctx.res.destroyed && !isAnsweredTwice(ctx.state, error)) {
        log.error({ error, method: ctx.method, path: ctx.path }, 'request failed')
      }
      // Who was answered already (the request took too long) has all there is to know.
      if (ctx.res.writableEnded) return
      if (ctx.res.headersSent) ctx.res.destroy()
      else await sendError(ctx, error)
    }
  }
}

/** A request that took too long is told so; its answer comes too late. */
const isAnsweredTwice = ({ terminated }: RequestState, error: unknown): boolean =>
  terminated !== undefined && (error as NodeJS.ErrnoException).code === 'ERR_HTTP_HEADERS_SENT'

/** What walks over a body does so recursively: one nested ten thousands deep is the client's fault. */
const isTooDeep = (error: unknown): boolean =>
  error instanceof RangeError && error.message.includes('call stack')
