import type { AdmissionPlugin } from './admission.ts'
import type { CloudProvider } from './cloud.ts'
import type { DnsPlugin } from './dns.ts'
import type { NetworkPlugin } from './network.ts'
import type { ServiceProxy } from './proxy.ts'
import type { RuntimePlugin } from './runtime.ts'
import type { SchedulerPlugin } from './scheduler.ts'
import type { StorePlugin } from './store.ts'
import type { VolumePlugin } from './volume.ts'

/** What each type of plugin gives to its caller when it is started. One file per seam documents the contract. */
export interface PluginInterfaces {
  runtime: RuntimePlugin
  network: NetworkPlugin
  proxy: ServiceProxy
  dns: DnsPlugin
  store: StorePlugin
  volume: VolumePlugin
  scheduler: SchedulerPlugin
  admission: AdmissionPlugin
  cloud: CloudProvider
}

export type PluginType = keyof PluginInterfaces

/** The part of a pino logger that plugins may count on. */
export interface Logger {
  debug(details: object, message: string): void
  info(details: object, message: string): void
  warn(details: object, message: string): void
  error(details: object, message: string): void
  child(bindings: object): Logger
}

/** What a plugin is given when it starts. Everything it takes must be given back when `signal` aborts. */
export interface PluginContext {
  /** The name it was configured under. */
  name: string
  /** Its `config` from the node's or server's configuration, as given. */
  config: Record<string, unknown>
  log: Logger
  /** Aborted when the plugin must stop. */
  signal: AbortSignal
  /** A directory of its own that survives restarts. */
  dataDir: string
  /** The node it runs on; absent in the control plane. */
  node?: { name: string; addresses: string[] }
}

/**
 * A plugin: a plain object, default-exported by its module. `start` is called once per process; what it returns is the
 * interface of its type. Throwing from `start` leaves the plugin out and is reported with its name.
 */
export interface Plugin<T extends PluginType = PluginType> {
  type: T
  name: string
  version: string
  start(context: PluginContext): Promise<PluginInterfaces[T]> | PluginInterfaces[T]
}

/** Types a plugin's definition; returns it as it is. */
export function definePlugin<T extends PluginType>(plugin: Plugin<T>): Plugin<T> {
  return plugin
}
