import { exchange, type Upstream } from './exchange.ts'

/** Remembers which upstreams fail, and asks those until they are well again. */
export interface UpstreamHealth {
  isDown(upstream: Upstream): boolean
  failed(upstream: Upstream): void
  succeeded(upstream: Upstream): void
  stop(): void
}

interface State {
  failures: number
  checking?: NodeJS.Timeout
}

const CHECK_DEADLINE = 1_000

/** `maxFails` failures in a row make an upstream down (0: never); it is asked every `interval` seconds then. */
export function createUpstreamHealth(options: {
  maxFails: number
  interval: number
  forceTcp: boolean
  /** The name that is asked for (type NS). */
  domain: string
}): UpstreamHealth {
  const { maxFails, interval, forceTcp, domain } = options
  const states = new Map<string, State>()
  let isStopped = false
  const keyOf = ({ address, port }: Upstream): string => `${address} ${port}`
  const stateOf = (upstream: Upstream): State => {
    const known = states.get(keyOf(upstream)) ?? { failures: 0 }
    states.set(keyOf(upstream), known)
    return known
  }
  const check = async (upstream: Upstream): Promise<void> => {
    const question = { name: domain, type: 'NS', class: 'IN', dnssecOk: false }
    const isWell = await exchange(upstream, question, { forceTcp, deadline: CHECK_DEADLINE }).then(
      () => true,
      () => false,
    )
    const state = stateOf(upstream)
    delete state.checking
    if (isWell) state.failures = 0
    else if (!isStopped) checkSoon(upstream, state)
  }
  const checkSoon = (upstream: Upstream, state: State): void => {
    state.checking ??= setTimeout(check, interval * 1000, upstream).unref()
  }
  return {
    isDown: upstream => maxFails > 0 && (states.get(keyOf(upstream))?.failures ?? 0) >= maxFails,
    failed(upstream) {
      const state = stateOf(upstream)
      state.failures += 1
      if (maxFails > 0 && !isStopped) checkSoon(upstream, state)
    },
    succeeded(upstream) {
      const state = states.get(keyOf(upstream))
      if (state) state.failures = 0
    },
    stop() {
      isStopped = true
      for (const { checking } of states.values()) clearTimeout(checking)
    },
  }
}
