import type { DnsPlugin, DnsRecord, DnsReply } from '../../../../plugins/dns.ts'

const SHUFFLED = new Set(['A', 'AAAA', 'MX'])

/** Puts addresses in random order, behind the aliases that lead to them, so that clients that take the first spread out. */
export const loadbalance: DnsPlugin = {
  name: 'loadbalance',
  resolve(query, next) {
    const reply = next(query)
    return reply instanceof Promise ? reply.then(shuffle) : shuffle(reply)
  },
}

function shuffle(reply: DnsReply): DnsReply {
  if (reply.answers.length < 2) return reply
  return { ...reply, answers: reorder(reply.answers) }
}

function reorder(records: DnsRecord[]): DnsRecord[] {
  const shuffled = records.filter(({ type }) => SHUFFLED.has(type))
  if (shuffled.length < 2) return records
  for (let i = shuffled.length - 1; i > 0; i--) {
    const j = Math.floor(Math.random() * (i + 1))
    ;[shuffled[i], shuffled[j]] = [shuffled[j]!, shuffled[i]!]
  }
  const aliases = records.filter(({ type }) => type === 'CNAME')
  const others = records.filter(({ type }) => type !== 'CNAME' && !SHUFFLED.has(type))
  return [...aliases, ...others, ...shuffled]
}
