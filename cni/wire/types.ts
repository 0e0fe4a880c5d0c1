/** The CNI specification's words (github.com/containernetworking/cni, SPEC.md 1.1). */

export type Command = 'ADD' | 'DEL' | 'CHECK' | 'STATUS' | 'GC' | 'VERSION'

export const SUPPORTED_VERSIONS = ['0.3.0', '0.3.1', '0.4.0', '1.0.0', '1.1.0'] as const

/** Network configuration as a plugin gets it on standard input. */
export interface NetworkConfig {
  cniVersion: string
  name: string
  type: string
  prevResult?: Result
  ipam?: { type: string; [key: string]: unknown }
  runtimeConfig?: { portMappings?: PortMapping[] }
  'cni.dev/valid-attachments'?: { containerID: string; ifname: string }[]
  [key: string]: unknown
}

export interface PortMapping {
  hostPort: number
  containerPort: number
  protocol: string
  hostIP?: string
}

export interface Interface {
  name: string
  mac?: string
  mtu?: number
  /** Path of its namespace; absent on the host. */
  sandbox?: string
}

export interface IpConfig {
  address: string
  gateway?: string
  /** Index into `interfaces`. */
  interface?: number
}

export interface Route {
  dst: string
  gw?: string
}

/** What ADD answers (1.0.0 and later; 0.3 and 0.4 add each address's IP version). */
export interface Result {
  cniVersion: string
  interfaces?: Interface[]
  ips: IpConfig[]
  routes?: Route[]
  dns?: object
}

/** Error codes of the specification. */
export const CODES = {
  incompatibleVersion: 1,
  unsupportedField: 2,
  unknownContainer: 3,
  invalidEnvironment: 4,
  io: 5,
  decode: 6,
  invalidConfig: 7,
  tryAgain: 11,
  unavailable: 50,
  internal: 999,
} as const

/** A failure as the specification wants it told. */
export class CniError extends Error {
  readonly code: number
  readonly details: string

  constructor(code: number, message: string, details = '', options?: ErrorOptions) {
    super(message, options)
    this.name = 'CniError'
    this.code = code
    this.details = details
  }
}

/** One call of a plugin. */
export interface Invocation {
  command: Command
  containerId: string
  /** Path of the network namespace; '' where the command has none. */
  netns: string
  ifname: string
  /** `K=V;K2=V2` */
  args: string
  /** Folders to look for other plugins in. */
  path: string
  config: NetworkConfig
}

/** The older answer format says each address's version. */
export function toVersion(result: Result, version: string): object {
  const isOld = version.startsWith('0.')
  const ips = result.ips.map(ip => (isOld ? { version: ip.address.includes(':') ? '6' : '4', ...ip } : ip))
  return { ...result, cniVersion: version, ips }
}
