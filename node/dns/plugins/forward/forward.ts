import type { DnsPlugin, DnsQuery, DnsReply } from '../../../../plugins/dns.ts'
import { emptyReply } from '../../replies.ts'
import { findZone, isInZone } from '../../wire/names.ts'
import { exchange, type Upstream, UpstreamError } from './exchange.ts'
import { createUpstreamHealth } from './health.ts'

export type ForwardPolicy = 'random' | 'round_robin' | 'sequential'

export interface ForwardOptions {
  /** Names below are forwarded. */
  from: string
  /** Zones below `from` that are not. */
  except: string[]
  /** The upstreams there are now; may be none. */
  upstreams(): Upstream[]
  policy: ForwardPolicy
  forceTcp: boolean
  /** Failures in a row after which an upstream is passed by; 0 for never. */
  maxFails: number
  /** Seconds between questions to an upstream that is down. */
  healthInterval: number
  healthDomain: string
  /** Queries under way, beyond which more are refused; 0 for no limit. */
  maxConcurrent: number
}

/** Milliseconds for one upstream, and for all of them together: clients give up after 5 s. */
const READ_DEADLINE = 2_000
const WHOLE_DEADLINE = 4_500

/** Asks others. With no upstream at all it says SERVFAIL at once. */
export function createForward(options: ForwardOptions): DnsPlugin & { stop(): void } {
  const { from, except, maxConcurrent } = options
  const health = createUpstreamHealth({
    maxFails: options.maxFails,
    interval: options.healthInterval,
    forceTcp: options.forceTcp,
    domain: options.healthDomain,
  })
  const order = createOrder(options.policy)
  let underWay = 0
  const ask = async (query: DnsQuery, upstreams: Upstream[]): Promise<DnsReply> => {
    underWay += 1
    try {
      return await askInTurn(query, upstreams)
    } finally {
      underWay -= 1
    }
  }
  const askInTurn = async (query: DnsQuery, upstreams: Upstream[]): Promise<DnsReply> => {
    const giveUpAt = Date.now() + WHOLE_DEADLINE
    let failure: Error | undefined
    for (const upstream of upstreams) {
      const deadline = Math.min(READ_DEADLINE, giveUpAt - Date.now())
      if (deadline <= 0) break
      try {
        const forceTcp = options.forceTcp || query.client.protocol === 'tcp'
        const reply = await exchange(upstream, query, { forceTcp, deadline })
        health.succeeded(upstream)
        return reply
      } catch (error) {
        failure = error as Error
        health.failed(upstream)
      }
    }
    throw failure ?? new UpstreamError('no upstream answered in time')
  }
  return {
    name: 'forward',
    resolve(query, next) {
      if (!isInZone(query.name, from) || findZone(query.name, except) !== undefined) return next(query)
      if (maxConcurrent > 0 && underWay >= maxConcurrent) return emptyReply('REFUSED')
      const all = order(options.upstreams())
      if (all.length === 0) throw new UpstreamError('there is no upstream to ask')
      const well = all.filter(upstream => !health.isDown(upstream))
      // When all seem down, the checks may be what fails: asking costs less than refusing.
      return ask(query, well.length > 0 ? well : all.slice(0, 1))
    },
    stop: () => health.stop(),
  }
}

function createOrder(policy: ForwardPolicy): (upstreams: Upstream[]) => Upstream[] {
  let turn = 0
  const rotated = (upstreams: Upstream[], by: number): Upstream[] => [
    ...upstreams.slice(by),
    ...upstreams.slice(0, by),
  ]
  return upstreams => {
    if (policy === 'sequential' || upstreams.length < 2) return upstreams
    if (policy === 'random') return rotated(upstreams, Math.floor(Math.random() * upstreams.length))
    turn = (turn + 1) % upstreams.length
    return rotated(upstreams, turn)
  }
}
