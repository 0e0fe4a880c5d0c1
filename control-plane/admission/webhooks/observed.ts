import { internalError, isStatusError } from '../../../api/meta/status.ts'
import { CallError, Rejection } from './errors.ts'
import type { ObservedCall, WebhookMetrics } from './metrics.ts'

const OK = 200

/**
 * Calls a webhook and counts how that went.
 * @param call gives undefined where the failure is to be ignored
 * @throws StatusError
 */
export async function observe<T>(
  metrics: WebhookMetrics,
  observed: ObservedCall,
  ignoresFailure: boolean,
  call: () => Promise<T>,
): Promise<T | undefined> {
  const start = performance.now()
  const done = (isRejected: boolean, code: number): void =>
    metrics.called(observed, (performance.now() - start) / 1_000, isRejected, code)
  try {
    const value = await call()
    done(false, OK)
    return value
  } catch (error) {
    if (error instanceof CallError) {
      done(!ignoresFailure, error.status)
      if (ignoresFailure) {
        metrics.failedOpen(observed)
        return undefined
      }
      metrics.rejected(observed, 'calling_webhook_error', error.status)
      throw internalError(error.message)
    }
    const isRefused = error instanceof Rejection
    const code = isRefused && isStatusError(error) ? error.code : 0
    done(true, code)
    metrics.rejected(observed, isRefused ? 'no_error' : 'apiserver_internal_error', code)
    throw error
  }
}
