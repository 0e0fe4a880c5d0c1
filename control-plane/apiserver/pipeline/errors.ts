import { isStatusError } from '../../../api/meta/status.ts'
import type { Logger } from '../../../plugins/plugin.ts'
import { sendError } from './respond.ts'
import type { Middleware } from './state.ts'

/** The outermost step: whatever is thrown becomes a Status; what nobody foresaw is logged. */
export function errors(log: Logger): Middleware {
  return async (ctx, next) => {
    try {
      await next()
    } catch (error) {
      if (!isStatusError(error) && !ctx.res.destroyed) {
        log.error({ error, method: ctx.method, path: ctx.path }, 'request failed')
      }
      if (ctx.res.headersSent) ctx.res.destroy()
      else await sendError(ctx, error)
    }
  }
}
