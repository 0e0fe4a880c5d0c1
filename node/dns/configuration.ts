import { readFile } from 'node:fs/promises'
import { Registry } from 'prom-client'
import type { InformerFactory } from '../../api/client/client.ts'
import type { DnsNext, DnsPlugin } from '../../plugins/dns.ts'
import type { Logger } from '../../plugins/plugin.ts'
import { buildChain, type Chain, stopPlugins } from './chain.ts'
import { parseCorefile } from './corefile/parse.ts'
import { defaultCorefile } from './default-corefile.ts'
import { createHttpEndpoints } from './http-endpoints.ts'
import { emptyReply } from './replies.ts'
import type { InstalledPlugin, SetupContext } from './setup.ts'

export interface ConfigurationOptions {
  informers: InformerFactory
  /** A Corefile's text, or the path of one; Kubernetes' own when left out. */
  corefile?: string | undefined
  clusterDomain: string
  addresses: string[]
  plugins: ReadonlyMap<string, DnsPlugin>
  log: Logger
}

/** What a Corefile makes of the server: which chain answers what. */
export interface Configuration {
  /** Ports named in the Corefile. */
  ports: number[]
  metrics: Registry
  /** Asks the chain of the longest zone that has the name; REFUSED where there is none. */
  ask(port: number): DnsNext
  /** Resolves when every plugin is ready. */
  ready(): Promise<void>
  /** Reads the Corefile again; when that fails the old one stays, and it rejects. */
  reload(): Promise<void>
  stop(): Promise<void>
}

/** Reads the Corefile and sets its plugins up. Throws CorefileError, or what the system says of the file. */
export async function loadConfiguration(options: ConfigurationOptions): Promise<Configuration> {
  const metrics = new Registry()
  const http = createHttpEndpoints()
  const isPath = options.corefile !== undefined && !options.corefile.includes('{')
  let chains: Chain[] = []
  const installed = (): InstalledPlugin[] => chains.flatMap(({ plugins }) => plugins)
  const asks = new Map<number, DnsNext>()

  const build = async (): Promise<Chain[]> => {
    const built: Chain[] = []
    const blocks = parseCorefile(await readText(options, isPath), process.env)
    try {
      for (const block of blocks) {
        const context: SetupContext = {
          zones: block.zones,
          informers: options.informers,
          addresses: options.addresses,
          resolve: query => ask(block.port)(query),
          installed,
          http,
          metrics,
          ...(isPath && { corefile: options.corefile! }),
          reload,
          log: options.log,
        }
        built.push(await buildChain(block, options.plugins, context))
      }
      return built
    } catch (error) {
      await stopPlugins(built.flatMap(({ plugins }) => plugins))
      throw error
    }
  }
  const use = (next: Chain[]): void => {
    chains = next
    asks.clear()
    for (const port of new Set(next.map(chain => chain.port))) {
      asks.set(port, chooseChain(next.filter(chain => chain.port === port)))
    }
  }
  const ask = (port: number): DnsNext => asks.get(port) ?? refuse
  const reload = async (): Promise<void> => {
    const next = await build()
    const old = installed()
    use(next)
    const kept = new Set<InstalledPlugin>(options.plugins.values())
    await stopPlugins(old.filter(plugin => !kept.has(plugin)))
    options.log.info({ corefile: options.corefile }, 'the Corefile was loaded anew')
  }
  use(await build())
  return {
    ports: [...asks.keys()],
    metrics,
    ask,
    ready: async () => void (await Promise.all(installed().map(plugin => plugin.whenReady?.()))),
    reload,
    stop: () => stopPlugins(installed()),
  }
}

const refuse: DnsNext = () => emptyReply('REFUSED')

function readText(
  { corefile, clusterDomain }: ConfigurationOptions,
  isPath: boolean,
): Promise<string> | string {
  if (corefile === undefined) return defaultCorefile(clusterDomain)
  return isPath ? readFile(corefile, 'utf8') : corefile
}

/** Goes from the whole name to the root, label by label, until a zone fits. */
function chooseChain(chains: Chain[]): DnsNext {
  const byZone = new Map(chains.flatMap(chain => chain.zones.map(zone => [zone, chain.ask] as const)))
  const [only] = byZone
  if (byZone.size === 1 && only![0] === '') return only![1]
  return query => {
    for (let name = query.name; ; name = parentOf(name)) {
      const ask = byZone.get(name)
      if (ask) return ask(query)
      if (name === '') return emptyReply('REFUSED')
    }
  }
}

function parentOf(name: string): string {
  const dot = name.indexOf('.')
  return dot < 0 ? '' : name.slice(dot + 1)
}
