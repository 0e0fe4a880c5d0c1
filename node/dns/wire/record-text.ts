import { isIPv4, isIPv6 } from 'node:net'
import type { DnsRecord } from '../../../plugins/dns.ts'
import { normalizeName } from './names.ts'

const DEFAULT_TTL = 3_600

/**
 * Reads a record as zone files write it: `name [ttl] [class] TYPE data`. Types: A, AAAA, CNAME, NS, PTR, MX, SRV, TXT,
 * SOA. Throws TypeError for what is none.
 */
export function parseRecord(text: string): DnsRecord {
  const words = text.match(/"(?:[^"\\]|\\.)*"|\S+/g) ?? []
  const [name = '', ...rest] = words
  const ttl = /^\d+$/.test(rest[0] ?? '') ? Number(rest.shift()) : DEFAULT_TTL
  const klass = /^(IN|CH|HS)$/i.test(rest[0] ?? '') ? rest.shift()!.toUpperCase() : 'IN'
  const type = (rest.shift() ?? '').toUpperCase()
  const data = parseData(type, rest)
  if (data === undefined) throw new TypeError(`cannot read the record "${text}"`)
  return { name: normalizeName(name), type, class: klass, ttl, data }
}

function parseData(type: string, words: string[]): unknown {
  const [first = ''] = words
  const numbers = words.map(Number)
  if (type === 'A') return isIPv4(first) ? first : undefined
  if (type === 'AAAA') return isIPv6(first) ? first : undefined
  if (['CNAME', 'NS', 'PTR'].includes(type)) return first ? normalizeName(first) : undefined
  if (type === 'TXT') return words.map(word => word.replace(/^"|"$/g, '').replace(/\\(.)/g, '$1'))
  if (type === 'MX' && words.length === 2)
    return { preference: numbers[0], exchange: normalizeName(words[1]!) }
  if (type === 'SRV' && words.length === 4) {
    const [priority, weight, port] = numbers
    return { priority, weight, port, target: normalizeName(words[3]!) }
  }
  return type === 'SOA' && words.length === 7 ? soa(words) : undefined
}

function soa(words: string[]): object {
  const [serial, refresh, retry, expire, minimum] = words.slice(2).map(Number)
  const [mname, rname] = words.slice(0, 2).map(normalizeName)
  return { mname, rname, serial, refresh, retry, expire, minimum }
}
