import type { Registry } from 'prom-client'
import type { InformerFactory } from '../../api/client/client.ts'
import type { DnsNext, DnsPlugin } from '../../plugins/dns.ts'
import type { Logger } from '../../plugins/plugin.ts'
import type { Directive } from './corefile/parse.ts'
import { CorefileError } from './corefile/tokens.ts'
import type { HttpEndpoints } from './http-endpoints.ts'

/** A plugin as its set-up gives it: some only do something beside the queries, and are not asked. */
export type InstalledPlugin = Omit<DnsPlugin, 'resolve'> &
  Partial<Pick<DnsPlugin, 'resolve'>> & {
    /** Resolves when `isReady` becomes true. */
    whenReady?(): Promise<void>
  }

/** Makes a plugin from its line in the Corefile. Throws {@link CorefileError} for what it does not understand. */
export type SetUp = (
  directive: Directive,
  context: SetupContext,
) => InstalledPlugin | Promise<InstalledPlugin>

/** What set-ups may use. One per server block and load of the Corefile. */
export interface SetupContext {
  /** Of the server block. */
  zones: string[]
  informers: InformerFactory
  /** Addresses the server listens on. */
  addresses: string[]
  /** Asks this server as a client would, without the network. */
  resolve: DnsNext
  /** All plugins of all blocks, once every one is set up. */
  installed(): readonly InstalledPlugin[]
  http: HttpEndpoints
  metrics: Registry
  /** Where the Corefile is, if it is a file. */
  corefile?: string
  /** Loads the Corefile anew. */
  reload(): Promise<void>
  log: Logger
}

/** Zones named by a directive, or those of its block. */
export function zonesOr(zones: string[], { zones: own }: SetupContext): string[] {
  return zones.length > 0 ? zones : own
}

/** `host:port` or `:port` of an HTTP endpoint. Without a host it is the DNS addresses: the node's others are not ours. */
export function parseListen(
  { name, args, line }: Directive,
  defaultPort: number,
  { addresses }: SetupContext,
): { address: string; port: number }[] {
  const match = /^(.*?)(?::(\d+))?$/.exec(args[0] ?? '')!
  const port = match[2] === undefined ? defaultPort : Number(match[2])
  if (args.length > 1 || port > 65_535) throw new CorefileError(line, `${name}: expected one ADDRESS:PORT`)
  const host = match[1]!.replace(/^\[|\]$/g, '')
  return (host ? [host] : addresses).map(address => ({ address, port }))
}
