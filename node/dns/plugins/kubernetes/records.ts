import type { DnsNext, DnsQuery, DnsRecord, DnsReply, MaybePromise } from '../../../../plugins/dns.ts'
import { authoritativeReply } from '../../replies.ts'
import type { Place } from './find.ts'

/** Aliases that are followed before the chain is left to the client. */
const MOST_HOPS = 8

/** Addresses of one family, each once. */
export function addressRecords(query: DnsQuery, places: Place[], ttl: number): DnsRecord[] {
  const family = query.type === 'AAAA' ? 6 : 4
  const records: DnsRecord[] = []
  const seen = new Set<string>()
  for (const place of places) {
    if (place.family !== family || seen.has(place.host)) continue
    seen.add(place.host)
    records.push({ name: query.name, type: query.type, class: 'IN', ttl, data: place.host })
  }
  return records
}

/** SRV records with equal shares, and the addresses of their targets. Undefined when there is none. */
export function serviceReply(query: DnsQuery, places: Place[], ttl: number): DnsReply | undefined {
  const targets = places.filter(({ family }) => family !== 'name')
  if (targets.length === 0) return undefined
  const weight = Math.max(1, Math.floor(100 / targets.length))
  const answers = targets.map(({ port, owner }) => ({
    name: query.name,
    type: 'SRV',
    class: 'IN',
    ttl,
    data: { priority: 0, weight, port, target: owner },
  }))
  const additionals = targets.map(({ host, family, owner }) => ({
    name: owner,
    type: family === 6 ? 'AAAA' : 'A',
    class: 'IN',
    ttl,
    data: host,
  }))
  return authoritativeReply(
    unique(answers, ({ data }) => `${data.port} ${data.target}`),
    unique(additionals, ({ name, data }) => `${name} ${data}`),
  )
}

const unique = <T>(items: T[], key: (item: T) => string): T[] => [
  ...new Map(items.map(item => [key(item), item])).values(),
]

/** An alias and, for questions about addresses, what is found behind it: clients do not ask a second time. */
export function aliasReply(
  query: DnsQuery,
  target: string,
  ttl: number,
  resolve: DnsNext,
): MaybePromise<DnsReply> {
  const alias = { name: query.name, type: 'CNAME', class: 'IN', ttl, data: target }
  const hops = (query.hops ?? 0) + 1
  if (query.type === 'CNAME' || hops > MOST_HOPS) return authoritativeReply([alias])
  const follow = async (): Promise<DnsReply> => {
    const found = await Promise.resolve(resolve({ ...query, name: target, hops })).catch(() => undefined)
    return authoritativeReply([alias, ...(found?.answers ?? [])])
  }
  return follow()
}
