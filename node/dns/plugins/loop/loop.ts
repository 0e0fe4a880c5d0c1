import { randomInt } from 'node:crypto'
import type { DnsNext, DnsPlugin, DnsQuery } from '../../../../plugins/dns.ts'
import type { Logger } from '../../../../plugins/plugin.ts'
import { emptyReply } from '../../replies.ts'

const PROBE_AFTER = 1_000
const PROBE_AGAIN = 30_000
/** An upstream that repeats our question by itself is no loop. */
const SEEN_TOO_OFTEN = 2

/**
 * Finds out whether forwarded queries come back to us: a name nobody knows is asked, and should pass here once. While
 * there is a loop, what would be forwarded is answered SERVFAIL (instead of filling the node with its own echo); names
 * of the cluster are not touched. The state is probed again until it is mended.
 */
export function createLoop(zone: string, resolve: DnsNext, log: Logger): DnsPlugin & { stop(): void } {
  const name = [randomInt(2 ** 31), randomInt(2 ** 31), zone].filter(Boolean).join('.')
  const state = { isLooping: false, isProbing: false, seen: 0 }
  const probe = async (): Promise<void> => {
    Object.assign(state, { seen: 0, isProbing: true })
    await Promise.resolve(resolve(probeQuery(name))).catch(() => {})
    state.isProbing = false
    const isLooping = state.seen > SEEN_TOO_OFTEN
    if (isLooping !== state.isLooping) tell(isLooping, zone, log)
    state.isLooping = isLooping
    if (isLooping) timer = setTimeout(probe, PROBE_AGAIN).unref()
  }
  let timer = setTimeout(probe, PROBE_AFTER).unref()
  return {
    name: 'loop',
    resolve(query, next) {
      const isProbe = query.name === name && query.type === 'HINFO'
      if (isProbe) state.seen += 1
      const isStopped = isProbe ? state.seen > SEEN_TOO_OFTEN : state.isLooping && !state.isProbing
      return isStopped ? emptyReply('SERVFAIL') : next(query)
    },
    stop: () => clearTimeout(timer),
  }
}

function tell(isLooping: boolean, zone: string, log: Logger): void {
  if (!isLooping) {
    log.info({ zone: `${zone}.` }, 'the forwarding loop is gone')
    return
  }
  const advice =
    'forwarded DNS queries come back to this server, so names outside the cluster cannot be resolved: ' +
    "name resolvers other than this node's own in /etc/resolv.conf or in the Corefile's forward line"
  log.error({ zone: `${zone}.` }, advice)
}

function probeQuery(name: string): DnsQuery {
  return {
    id: randomInt(65_536),
    name,
    type: 'HINFO',
    class: 'IN',
    client: { address: '127.0.0.1', port: 0, protocol: 'udp' },
    recursionDesired: true,
    dnssecOk: false,
    maxSize: 512,
    size: 0,
  }
}
