import type { Registry } from 'prom-client'
import type { InformerFactory } from '../../api/client/client.ts'
import type { DnsNext, DnsPlugin } from '../../plugins/dns.ts'
import type { Logger } from '../../plugins/plugin.ts'
import { loadConfiguration } from './configuration.ts'
import { addLocalAddress } from './local-address.ts'
import { listenTcp } from './server/tcp.ts'
import { type Listener, listenUdp } from './server/udp.ts'

/** An address and port, for UDP and TCP. Port 0: one that is free. */
interface Place {
  address: string
  port: number
}

export interface DnsOptions {
  informers: InformerFactory
  /** A Corefile's text, or the path of one (followed, with the plugin `reload`). Kubernetes' own when left out. */
  corefile?: string
  /** Where to answer. A Corefile's block with another port than 53 is answered on the same addresses. */
  listen: Place[]
  clusterDomain: string
  /** The cluster's DNS address, put on the node's loopback link; left out where it is there already. */
  clusterIP?: string
  /** Plugins of third parties, by the word that names them in the Corefile. */
  plugins?: DnsPlugin[]
  log: Logger
  signal: AbortSignal
}

/** A running DNS server. */
export interface Dns {
  /** Resolves when names of the cluster can be answered. */
  ready: Promise<void>
  /** Where it answers; real ports where 0 was asked for. */
  addresses: Place[]
  metrics: Registry
  /** Reads the Corefile again. */
  reload(): Promise<void>
  stop(): Promise<void>
}

const CLUSTER_PORT = 53
/** How often a port the kernel chose for UDP may turn out to be taken for TCP. */
const FREE_PORT_TRIES = 10

/** Runs the node's DNS server. Resolves when it listens; nothing is made in the API. */
export async function startDns(options: DnsOptions): Promise<Dns> {
  const { listen, clusterIP, log, signal } = options
  const undo: (() => unknown)[] = []
  const stop = async (): Promise<void> => {
    for (const step of undo.splice(0).reverse()) await step()
  }
  try {
    if (clusterIP) undo.push(await addLocalAddress(clusterIP))
    const configuration = await loadConfiguration({
      ...options,
      addresses: [...new Set(listen.map(({ address }) => address))],
      plugins: new Map(options.plugins?.map(plugin => [plugin.name, plugin])),
    })
    undo.push(() => configuration.stop())
    const listeners = await listenAll(options, configuration.ports, port => configuration.ask(port), undo)
    const { metrics, reload } = configuration
    signal.addEventListener('abort', () => void stop(), { once: true })
    log.info({ addresses: listeners.map(({ address, port }) => `${address}:${port}`) }, 'answering DNS')
    return { ready: configuration.ready(), addresses: listeners, metrics, reload, stop }
  } catch (error) {
    await stop()
    throw error
  }
}

async function listenAll(
  { listen, log }: DnsOptions,
  ports: number[],
  askOf: (port: number) => DnsNext,
  undo: (() => unknown)[],
): Promise<Listener[]> {
  const listeners: Listener[] = []
  for (const place of listen) {
    for (const port of ports) {
      const at = { address: place.address, port: port === CLUSTER_PORT ? place.port : port }
      const ask: DnsNext = query => askOf(port)(query)
      const both = await listenBoth(at, ask, log)
      undo.push(...both.map(listener => () => listener.close()))
      listeners.push(both[0])
    }
  }
  return listeners
}

/** UDP and TCP on the same port. */
async function listenBoth(at: Place, ask: DnsNext, log: Logger): Promise<[udp: Listener, tcp: Listener]> {
  for (let tries = 1; ; tries++) {
    const udp = await listenUdp(at, ask, log).catch(cause => failToListen(at, cause))
    try {
      return [udp, await listenTcp(udp, ask, log)]
    } catch (error) {
      await udp.close()
      if (at.port !== 0 || tries === FREE_PORT_TRIES) failToListen(udp, error as Error)
    }
  }
}

function failToListen({ address, port }: Place, cause: Error): never {
  const isTaken = (cause as { code?: string }).code === 'EADDRINUSE'
  const why = isTaken ? 'another program has the port; stop it or take its address out' : cause.message
  throw new Error(`DNS cannot listen on ${address}:${port}: ${why}`, { cause })
}
