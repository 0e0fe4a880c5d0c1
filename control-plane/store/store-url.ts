import { readFileSync } from 'node:fs'
import type { RedisOptions } from 'ioredis'

/** What a store URL says. */
export interface StoreTarget {
  mode: 'single' | 'sentinel' | 'cluster'
  /** Options of every connection to a Redis that keeps data: user, password, TLS; its address too unless a cluster's. */
  redis: RedisOptions
  /** Members of a cluster to ask for the others. */
  seeds: Address[]
  /** So many replicas must have a write before it is answered. */
  replicas: number
}

export interface Address {
  host: string
  port: number
}

/** A store URL that cannot be used. The message names the URL (without its password) and what was expected. */
export class StoreUrlError extends Error {
  readonly code = 'STORE_URL_INVALID'

  constructor(url: string, fault: string, options?: ErrorOptions) {
    super(`store URL "${withoutPassword(url)}": ${fault}`, options)
    this.name = 'StoreUrlError'
  }
}

interface Scheme {
  mode: StoreTarget['mode']
  tls: boolean
  port: number
  shape: string
}

const REDIS_PORT = 6379
const SENTINEL_PORT = 26_379
const HOSTS = 'HOST[:PORT][,HOST[:PORT]…]'

const SCHEMES: Record<string, Scheme> = {
  redis: { mode: 'single', tls: false, port: REDIS_PORT, shape: '[USER:PASSWORD@]HOST[:PORT][/DB]' },
  rediss: { mode: 'single', tls: true, port: REDIS_PORT, shape: '[USER:PASSWORD@]HOST[:PORT][/DB]' },
  'redis-sentinel': { mode: 'sentinel', tls: false, port: SENTINEL_PORT, shape: `${HOSTS}/MASTER[/DB]` },
  'rediss-sentinel': { mode: 'sentinel', tls: true, port: SENTINEL_PORT, shape: `${HOSTS}/MASTER[/DB]` },
  'redis-cluster': { mode: 'cluster', tls: false, port: REDIS_PORT, shape: HOSTS },
  'rediss-cluster': { mode: 'cluster', tls: true, port: REDIS_PORT, shape: HOSTS },
}

const EXPECTED =
  'expected redis://, rediss:// (TLS), unix:///path, redis-sentinel://, rediss-sentinel://, redis-cluster:// or rediss-cluster://'

/** What may stand behind the `?` of a URL, and with which schemes. */
const PARAMETERS: Record<string, (scheme: Scheme | undefined) => boolean> = {
  replicas: () => true,
  username: () => true,
  passwordFile: () => true,
  ca: scheme => scheme?.tls === true,
  cert: scheme => scheme?.tls === true,
  key: scheme => scheme?.tls === true,
  serverName: scheme => scheme?.tls === true,
  sentinelUsername: scheme => scheme?.mode === 'sentinel',
  sentinelPasswordFile: scheme => scheme?.mode === 'sentinel',
}

/**
 * Reads a store URL (docs/store.md lists the forms) and the files it names. Throws {@link StoreUrlError}.
 */
export function storeTarget(url: string): StoreTarget {
  if (url.startsWith('/')) return unixTarget(url, url, new Map())
  const [, name = '', rest = ''] = /^([a-z-]+):\/\/(.*)$/.exec(url) ?? []
  const scheme = SCHEMES[name]
  if (!scheme && name !== 'unix')
    throw new StoreUrlError(url, name ? `unknown scheme ${name}://, ${EXPECTED}` : EXPECTED)
  const [place = '', query = ''] = splitOnce(rest, '?')
  const parameters = readParameters(url, query, scheme)
  return scheme
    ? networkTarget(url, scheme, place, parameters)
    : unixTarget(url, decode(url, place), parameters)
}

function unixTarget(url: string, path: string, parameters: Map<string, string>): StoreTarget {
  if (!path.startsWith('/')) throw new StoreUrlError(url, 'expected unix:///absolute/path/of/socket')
  const redis = { path, ...credentials(url, undefined, parameters) }
  return { mode: 'single', seeds: [], redis, replicas: replicasOf(url, parameters) }
}

function networkTarget(
  url: string,
  scheme: Scheme,
  place: string,
  parameters: Map<string, string>,
): StoreTarget {
  const at = place.lastIndexOf('@')
  const user = at < 0 ? undefined : place.slice(0, at)
  const [hosts = '', ...path] = place.slice(at + 1).split('/')
  const seeds = hosts.split(',').map(host => addressOf(url, host, scheme))
  if (scheme.mode === 'single' && seeds.length > 1) {
    throw new StoreUrlError(url, 'several hosts: use redis-sentinel:// or redis-cluster://, or name one host')
  }
  const common = { ...credentials(url, user, parameters), ...tls(url, scheme, seeds, parameters) }
  const where = placeOptions(
    url,
    scheme,
    seeds,
    path.filter(Boolean).map(part => decode(url, part)),
    parameters,
  )
  return { mode: scheme.mode, seeds, redis: { ...common, ...where }, replicas: replicasOf(url, parameters) }
}

/** Where to connect to and which database to use. */
function placeOptions(
  url: string,
  { mode, tls, shape }: Scheme,
  seeds: Address[],
  path: string[],
  parameters: Map<string, string>,
): RedisOptions {
  const most = { single: 1, sentinel: 2, cluster: 0 }[mode]
  if (path.length > most || (mode === 'sentinel' && path.length === 0)) {
    throw new StoreUrlError(url, `expected ${url.split(':')[0]}://${shape}`)
  }
  if (mode === 'cluster') return {}
  if (mode === 'single') return { ...seeds[0], db: database(url, path[0]) }
  const [name = '', db] = path
  const secret = parameters.get('sentinelPasswordFile')
  const username = parameters.get('sentinelUsername')
  return {
    sentinels: seeds,
    name,
    role: 'master',
    db: database(url, db),
    failoverDetector: true,
    enableTLSForSentinelMode: tls,
    ...(username && { sentinelUsername: username }),
    ...(secret && { sentinelPassword: readSecret(url, 'sentinelPasswordFile', secret) }),
  }
}

function addressOf(url: string, text: string, { port, shape }: Scheme): Address {
  const [, host, digits] = /^(\[[0-9a-fA-F:.]+\]|[^:[\]]+)(?::(\d+))?$/.exec(text) ?? []
  const number = digits === undefined ? port : Number(digits)
  if (!host) throw new StoreUrlError(url, `"${text}" is not a host, expected ${url.split(':')[0]}://${shape}`)
  if (number < 1 || number > 65_535) throw new StoreUrlError(url, `port ${digits}: expected 1 to 65535`)
  return { host: host.replace(/^\[|\]$/g, ''), port: number }
}

function database(url: string, text = '0'): number {
  if (!/^\d{1,5}$/.test(text)) throw new StoreUrlError(url, `database "${text}": expected a whole number`)
  return Number(text)
}

function credentials(url: string, user: string | undefined, parameters: Map<string, string>): RedisOptions {
  const [name, inline] = user === undefined ? [] : splitOnce(user, ':').map(part => decode(url, part))
  const file = parameters.get('passwordFile')
  if (file && inline) throw new StoreUrlError(url, 'has a password and passwordFile: give one of them')
  const username = parameters.get('username') || name
  const password = file ? readSecret(url, 'passwordFile', file) : inline
  return { ...(username && { username }), ...(password && { password }) }
}

/** TLS of connections to Redis and to sentinels. A server's name is checked against its certificate. */
function tls(url: string, scheme: Scheme, seeds: Address[], parameters: Map<string, string>): RedisOptions {
  if (!scheme.tls) return {}
  const file = (name: string) => {
    const path = parameters.get(name)
    return path === undefined ? {} : { [name]: readFile(url, name, path) }
  }
  const given = parameters.get('serverName')
  const servername = given ?? (scheme.mode === 'single' ? seeds[0]!.host : undefined)
  const options = { ...file('ca'), ...file('cert'), ...file('key'), ...(servername && { servername }) }
  return { tls: options, ...(scheme.mode === 'sentinel' && { sentinelTLS: options }) }
}

function replicasOf(url: string, parameters: Map<string, string>): number {
  const text = parameters.get('replicas') ?? '0'
  if (!/^\d{1,3}$/.test(text)) throw new StoreUrlError(url, `replicas=${text}: expected a whole number`)
  return Number(text)
}

function readParameters(url: string, query: string, scheme: Scheme | undefined): Map<string, string> {
  const parameters = new Map(new URLSearchParams(query))
  for (const name of parameters.keys()) {
    if (PARAMETERS[name]?.(scheme)) continue
    const known = Object.keys(PARAMETERS).filter(parameter => PARAMETERS[parameter]!(scheme))
    throw new StoreUrlError(url, `unknown parameter "${name}", expected one of ${known.join(', ')}`)
  }
  return parameters
}

function readSecret(url: string, parameter: string, path: string): string {
  return readFile(url, parameter, path).toString().trim()
}

function readFile(url: string, parameter: string, path: string): Buffer {
  try {
    return readFileSync(path)
  } catch (cause) {
    throw new StoreUrlError(url, `${parameter}=${path}: ${(cause as Error).message}`, { cause })
  }
}

function decode(url: string, text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    throw new StoreUrlError(url, `"${text}" has a % that is not followed by two hexadecimal digits`)
  }
}

function splitOnce(text: string, separator: string): string[] {
  const at = text.indexOf(separator)
  return at < 0 ? [text] : [text.slice(0, at), text.slice(at + 1)]
}

/** For messages and logs. */
export function withoutPassword(url: string): string {
  return url.replace(/(:\/\/[^/@:]*):[^/]*@/, '$1:…@')
}
