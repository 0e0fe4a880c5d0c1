import type { InformerFactory } from '../../api/client/client.ts'
import { ip } from '../../cni/netlink/ip.ts'
import type { DnsPlugin, DnsReply } from '../../plugins/dns.ts'
import type { Logger } from '../../plugins/plugin.ts'
import { cachePlugin } from './plugins/cache.ts'
import { forwardPlugin, nodeResolvers } from './plugins/forward.ts'
import { kubernetesPlugin } from './plugins/kubernetes.ts'
import { serveDns } from './server.ts'

export interface DnsOptions {
  informers: InformerFactory
  listen: { address: string; port: number }[]
  clusterDomain: string
  /** Put on `lo`, so that the node answers it itself: no translation, no hop, no other node needed. */
  clusterIP: string
  log: Logger
  signal: AbortSignal
}

/** Shuffles several addresses of one name, so that clients that take the first spread over all. */
const loadBalance: DnsPlugin = {
  name: 'loadbalance',
  async resolve(_, next): Promise<DnsReply> {
    const reply = await next()
    if (reply.answers.length < 2) return reply
    const shuffled = reply.answers.map(record => ({ record, at: Math.random() })).sort((a, b) => a.at - b.at)
    return { ...reply, answers: shuffled.map(({ record }) => record) }
  },
}

/** Runs the node's DNS server until the signal aborts. */
export async function startDns(options: DnsOptions): Promise<void> {
  const { informers, listen, clusterDomain, clusterIP, log, signal } = options
  await ip([`address replace ${clusterIP}/32 dev lo`])
  const upstreams = (): Promise<string[]> => nodeResolvers(listen.map(({ address }) => address))
  const chain = [
    loadBalance,
    kubernetesPlugin(informers, clusterDomain),
    cachePlugin(),
    forwardPlugin(upstreams),
  ]
  const servers = await Promise.all(listen.map(address => serveDns(address, chain, log)))
  const close = (): void => {
    for (const server of servers) server.close()
  }
  signal.addEventListener('abort', close, { once: true })
}
