import { LRUCache } from 'lru-cache'
import type { DnsPlugin, DnsReply } from '../../../plugins/dns.ts'

const MOST_ENTRIES = 9_984
const LONGEST_TTL = 30

/** Remembers what others said, for as long as they allow and at most 30 s. The cluster's own names are not cached. */
export function cachePlugin(): DnsPlugin {
  const entries = new LRUCache<string, { reply: DnsReply; at: number }>({ max: MOST_ENTRIES })
  return {
    name: 'cache',
    async resolve({ name, type }, next) {
      const key = `${type} ${name}`
      const known = entries.get(key)
      if (known) return aged(known.reply, (Date.now() - known.at) / 1000)
      const reply = await next()
      const ttl = lifeOf(reply)
      if (ttl > 0) entries.set(key, { reply, at: Date.now() }, { ttl: ttl * 1000 })
      return reply
    },
  }
}

function lifeOf({ rcode, answers, authorities = [], authoritative }: DnsReply): number {
  if (authoritative || rcode === 'SERVFAIL' || rcode === 'REFUSED') return 0
  const ttls = [...answers, ...authorities].map(({ ttl }) => ttl ?? 0)
  return ttls.length === 0 ? 0 : Math.min(LONGEST_TTL, ...ttls)
}

const aged = (reply: DnsReply, seconds: number): DnsReply => ({
  ...reply,
  answers: reply.answers.map(record => ({ ...record, ttl: Math.max(0, Math.floor(record.ttl - seconds)) })),
})
