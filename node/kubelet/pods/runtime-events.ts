import type { Logger } from '../../../plugins/plugin.ts'
import type { RuntimeEvent, RuntimePlugin } from '../../../plugins/runtime.ts'

interface FollowOptions {
  signal: AbortSignal
  log: Logger
  onEvent(event: RuntimeEvent): void
  /** Events may have been missed: everything must be looked at. */
  onGap(): void
}

const RETRY = 500
/** How often a runtime without events is looked at (milliseconds). */
const POLL = 1_000

/** Follows the runtime's events until the signal aborts; a runtime without events is looked at every second. */
export function followEvents(runtime: RuntimePlugin, options: FollowOptions): void {
  if (runtime.events) void follow(runtime as Required<RuntimePlugin>, options)
  else {
    const timer = setInterval(options.onGap, POLL)
    options.signal.addEventListener('abort', () => clearInterval(timer), { once: true })
  }
}

/** While the stream is down everything is looked at with each try to open it again. */
async function follow(runtime: Required<RuntimePlugin>, options: FollowOptions): Promise<void> {
  const { signal, log, onEvent, onGap } = options
  while (!signal.aborted) {
    try {
      for await (const event of runtime.events(signal)) onEvent(event)
    } catch (error) {
      if (signal.aborted) return
      log.warn({ error: (error as Error).message }, 'runtime event stream broke off')
    }
    if (signal.aborted) return
    onGap()
    await new Promise(resolve => setTimeout(resolve, RETRY))
    // The stream is opened first, so that nothing happens between the look and its first event.
    setTimeout(onGap, RETRY / 5)
  }
}
