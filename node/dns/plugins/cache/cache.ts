import { LRUCache } from 'lru-cache'
import type { DnsPlugin, DnsQuery, DnsRecord, DnsReply } from '../../../../plugins/dns.ts'
import { isNegative } from '../../replies.ts'
import { findZone } from '../../wire/names.ts'

/** Limits for one kind of replies; TTLs in seconds. `disabledZones` are not remembered. */
export interface CacheLimits {
  capacity: number
  maxTtl: number
  minTtl: number
  disabledZones: string[]
}

export interface CacheOptions {
  zones: string[]
  success: CacheLimits
  denial: CacheLimits
  /** Seconds a SERVFAIL is remembered. */
  servfailTtl: number
  /** Seconds after its end that an answer may still be given when no new one can be had; 0 for never. */
  staleFor: number
  /** Replies keep their TTL instead of the time that is left. */
  keepTtl: boolean
  /** Milliseconds; the clock. */
  now?: () => number
}

interface Entry {
  reply: DnsReply
  storedAt: number
  /** Seconds. */
  ttl: number
}

const STALE_TTL = 0

/** Remembers replies for as long as their TTLs allow. */
export function createCache(options: CacheOptions): DnsPlugin {
  const { success, denial, now = Date.now } = options
  const positives = new LRUCache<string, Entry>({ max: success.capacity })
  const negatives = new LRUCache<string, Entry>({ max: denial.capacity })

  const remember = (key: string, query: DnsQuery, reply: DnsReply): void => {
    const isPositive = reply.rcode === 'NOERROR' && !isNegative(reply)
    const ttl = ttlOf(query, reply, options)
    if (ttl === undefined) return
    const [target, other] = isPositive ? [positives, negatives] : [negatives, positives]
    // A failure may not push out an answer that could still be given.
    if (reply.rcode !== 'SERVFAIL') other.delete(key)
    target.set(key, { reply, storedAt: now(), ttl })
  }
  const recall = (key: string, staleFor: number): DnsReply | undefined => {
    for (const entries of [positives, negatives]) {
      const entry = entries.get(key)
      if (!entry) continue
      const age = (now() - entry.storedAt) / 1000
      if (age < entry.ttl) return aged(entry.reply, options.keepTtl ? 0 : Math.floor(age), entry.ttl)
      if (age < entry.ttl + staleFor && entry.reply.rcode !== 'SERVFAIL') {
        return aged(entry.reply, Infinity, STALE_TTL)
      }
      if (age >= entry.ttl + options.staleFor) entries.delete(key)
    }
    return undefined
  }
  return {
    name: 'cache',
    resolve(query, next) {
      if (findZone(query.name, options.zones) === undefined) return next(query)
      const key = `${query.name} ${query.type} ${query.class} ${query.dnssecOk}`
      const known = recall(key, 0)
      if (known) return known
      const store = (reply: DnsReply): DnsReply => {
        if (reply.rcode === 'SERVFAIL' && options.staleFor > 0) {
          const stale = recall(key, options.staleFor)
          if (stale) return stale
        }
        remember(key, query, reply)
        return reply
      }
      const failed = (error: unknown): DnsReply => {
        const stale = options.staleFor > 0 ? recall(key, options.staleFor) : undefined
        if (stale) return stale
        throw error
      }
      try {
        const reply = next(query)
        return reply instanceof Promise ? reply.then(store, failed) : store(reply)
      } catch (error) {
        return failed(error)
      }
    },
  }
}

/** Seconds a reply may be remembered; undefined for what may not be. */
export function ttlOf(
  query: DnsQuery,
  reply: DnsReply,
  { success, denial, servfailTtl }: Pick<CacheOptions, 'success' | 'denial' | 'servfailTtl'>,
): number | undefined {
  if (reply.truncated) return undefined
  if (reply.rcode === 'SERVFAIL') return servfailTtl > 0 ? servfailTtl : undefined
  if (isNegative(reply)) {
    const soa = reply.authorities.find(({ type }) => type === 'SOA')
    if (!soa) return undefined
    return within(denial, query.name, Math.min(soa.ttl, soa.data.minimum))
  }
  if (reply.rcode !== 'NOERROR') return undefined
  const records = [...reply.answers, ...reply.authorities, ...reply.additionals]
  return within(success, query.name, Math.min(...records.map(({ ttl }) => ttl)))
}

function within(limits: CacheLimits, name: string, ttl: number): number | undefined {
  if (findZone(name, limits.disabledZones) !== undefined) return undefined
  return Math.min(Math.max(ttl, limits.minTtl), limits.maxTtl)
}

/** A copy with the TTLs that are left. */
function aged(reply: DnsReply, seconds: number, limit: number): DnsReply {
  const age = (records: DnsRecord[]): DnsRecord[] =>
    records.map(record => ({ ...record, ttl: Math.max(0, Math.min(record.ttl, limit) - seconds) }))
  return {
    ...reply,
    authoritative: false,
    answers: age(reply.answers),
    authorities: age(reply.authorities),
    additionals: age(reply.additionals),
  }
}
