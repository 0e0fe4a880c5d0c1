import type { Logger } from '../../../plugins/plugin.ts'
import type { RuntimePlugin } from '../../../plugins/runtime.ts'

interface FollowOptions {
  signal: AbortSignal
  log: Logger
  /** Something happened to this container or sandbox. */
  onEvent(id: string): void
  /** Events may have been missed: everything must be looked at. */
  onGap(): void
}

/** The runtime learns of an exit by the same event as we do; a second look catches a state it had not written yet. */
const SECOND_LOOKS = [30, 250]
const RETRY = 500
const POLL = 1_000

/** Follows the runtime's events until the signal aborts; a runtime without events is looked at every second. */
export function followEvents(runtime: RuntimePlugin, options: FollowOptions): void {
  if (runtime.events) void follow(runtime as Required<RuntimePlugin>, options)
  else {
    const timer = setInterval(options.onGap, POLL)
    options.signal.addEventListener('abort', () => clearInterval(timer), { once: true })
  }
}

async function follow(
  runtime: Required<RuntimePlugin>,
  { signal, log, onEvent, onGap }: FollowOptions,
): Promise<void> {
  while (!signal.aborted) {
    try {
      for await (const { id } of runtime.events(signal)) {
        onEvent(id)
        for (const delay of SECOND_LOOKS) setTimeout(() => signal.aborted || onEvent(id), delay)
      }
    } catch (error) {
      if (signal.aborted) return
      log.warn({ error: (error as Error).message }, 'runtime event stream broke off')
    }
    onGap()
    await new Promise(resolve => setTimeout(resolve, RETRY))
    onGap()
  }
}
