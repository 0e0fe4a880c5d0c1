import type {
  DnsNext,
  DnsPlugin,
  DnsQuery,
  DnsRecord,
  DnsReply,
  MaybePromise,
} from '../../../../plugins/dns.ts'
import { authoritativeReply, negativeReply } from '../../replies.ts'
import { addressOfReverse, findZone, relativeName } from '../../wire/names.ts'
import type { Directory } from './directory.ts'
import { type FindOptions, findPlaces } from './find.ts'
import { parseName } from './parse-name.ts'
import { addressRecords, aliasReply, serviceReply } from './records.ts'
import { findNames } from './reverse.ts'

export interface KubernetesOptions extends Omit<FindOptions, 'zone'> {
  /** Forward zones and reverse zones (`in-addr.arpa`). The first forward zone is what addresses are named in. */
  zones: string[]
  /** Seconds. */
  ttl: number
  /** Zones in which unknown names are handed on. */
  fallthrough: string[]
  /** Where the server is: the addresses of the zone's name server. */
  addresses: string[]
  /** Asks the whole server, to follow aliases. */
  resolve: DnsNext
}

/** The cluster's state is not known yet. */
export class NotSyncedError extends Error {
  readonly code = 'NOT_SYNCED'
}

const SCHEMA_VERSION = '1.1.0'

/**
 * Answers for Services and Pods from what the node watches anyway (Kubernetes' DNS specification 1.1.0). An answer is
 * put together without waiting for anything, unless an alias leads out of the cluster.
 */
export function createKubernetes(
  directory: Directory,
  options: KubernetesOptions,
): DnsPlugin & { stop(): void } {
  const primary = options.zones.find(zone => !isReverse(zone)) ?? 'cluster.local'
  const answer = (query: DnsQuery, zone: string): MaybePromise<DnsReply> | undefined =>
    isReverse(zone)
      ? answerReverse(directory, query, { ...options, zone: primary })
      : answerForward(directory, query, { ...options, zone })
  return {
    name: 'kubernetes',
    resolve(query, next) {
      const zone = findZone(query.name, options.zones)
      if (zone === undefined) return next(query)
      if (!directory.isSynced()) throw new NotSyncedError('Services are not known yet')
      const reply = answer(query, zone)
      if (reply !== undefined) return reply
      if (findZone(query.name, options.fallthrough) !== undefined) return next(query)
      return negativeReply('NXDOMAIN', soaRecord(directory, zone, options))
    },
    isReady: () => directory.isSynced(),
    stop: () => directory.stop(),
  }
}

const isReverse = (zone: string): boolean => zone === 'arpa' || zone.endsWith('.arpa')

/** Undefined for a name that does not exist. */
function answerForward(
  directory: Directory,
  query: DnsQuery,
  options: KubernetesOptions & FindOptions,
): MaybePromise<DnsReply> | undefined {
  const { zone, ttl } = options
  const relative = relativeName(query.name, zone)
  const special = specialAnswers(directory, query, relative, options)
  if (special) return withSoa(directory, special, zone, options)
  const request = parseName(relative)
  const places = request && findPlaces(directory, request, options)
  if (!places) return undefined
  const [alias] = places
  if (alias?.family === 'name') {
    const isFollowed = ['A', 'AAAA', 'CNAME'].includes(query.type)
    return isFollowed
      ? aliasReply(query, alias.host, ttl, options.resolve)
      : negativeReply('NOERROR', soaRecord(directory, zone, options))
  }
  if (query.type === 'SRV') {
    return serviceReply(query, places, ttl) ?? negativeReply('NOERROR', soaRecord(directory, zone, options))
  }
  const isAddress = query.type === 'A' || query.type === 'AAAA'
  return withSoa(directory, isAddress ? addressRecords(query, places, ttl) : [], zone, options)
}

/** Names that stand for no Service: the zone itself, its name server, the version of the schema. */
function specialAnswers(
  directory: Directory,
  query: DnsQuery,
  relative: string,
  options: KubernetesOptions & FindOptions,
): DnsRecord[] | undefined {
  const { zone, ttl, addresses } = options
  const record = (type: string, data: unknown): DnsRecord => ({
    name: query.name,
    type,
    class: 'IN',
    ttl,
    data,
  })
  if (relative === 'dns-version') return query.type === 'TXT' ? [record('TXT', SCHEMA_VERSION)] : []
  if (relative === 'ns.dns') {
    const family = query.type === 'A' ? '.' : query.type === 'AAAA' ? ':' : undefined
    return family
      ? addresses.filter(address => address.includes(family)).map(data => record(query.type, data))
      : []
  }
  if (relative !== '') return undefined
  if (query.type === 'SOA') return [soaRecord(directory, zone, options)]
  return query.type === 'NS' ? [record('NS', `ns.dns.${zone}`)] : []
}

function withSoa(
  directory: Directory,
  answers: DnsRecord[],
  zone: string,
  options: KubernetesOptions,
): DnsReply {
  return answers.length > 0
    ? authoritativeReply(answers)
    : negativeReply('NOERROR', soaRecord(directory, zone, options))
}

function answerReverse(
  directory: Directory,
  query: DnsQuery,
  options: KubernetesOptions & FindOptions,
): DnsReply | undefined {
  const address = addressOfReverse(query.name)
  const names = address ? findNames(directory, address, options) : []
  if (names.length === 0) return undefined
  const zone = findZone(query.name, options.zones)!
  if (query.type !== 'PTR') return negativeReply('NOERROR', soaRecord(directory, zone, options))
  const { ttl } = options
  return authoritativeReply(names.map(data => ({ name: query.name, type: 'PTR', class: 'IN', ttl, data })))
}

function soaRecord(directory: Directory, zone: string, { ttl }: KubernetesOptions): DnsRecord {
  const data = {
    mname: `ns.dns.${zone}`,
    rname: `hostmaster.${zone}`,
    serial: directory.changedAt(),
    refresh: 7_200,
    retry: 1_800,
    expire: 86_400,
    minimum: ttl,
  }
  return { name: zone, type: 'SOA', class: 'IN', ttl, data }
}
