import { isIPv6 } from 'node:net'
import type { DnsPlugin, DnsQuery, DnsRecord } from '../../../../plugins/dns.ts'
import { authoritativeReply } from '../../replies.ts'
import { addressOfReverse, canonicalAddress, findZone } from '../../wire/names.ts'
import type { Hosts } from './hosts-file.ts'

export interface HostsOptions {
  zones: string[]
  /** What the file and the Corefile say now. */
  hosts(): Hosts
  /** Seconds. */
  ttl: number
  answersReverse: boolean
  /** Zones in which unknown names are handed on. */
  fallthrough: string[]
}

/** Answers from a table of names. A name that is there with another family's address only is NOERROR without answers. */
export function createHosts({ zones, hosts, ttl, answersReverse, fallthrough }: HostsOptions): DnsPlugin {
  const record = (query: DnsQuery, data: string): DnsRecord => ({
    name: query.name,
    type: query.type,
    class: 'IN',
    ttl,
    data,
  })
  const find = (query: DnsQuery): DnsRecord[] | undefined => {
    const { addresses, names } = hosts()
    if (query.type === 'PTR') {
      const address = answersReverse ? addressOfReverse(query.name) : undefined
      return address ? names.get(canonicalAddress(address))?.map(name => record(query, name)) : undefined
    }
    const known = addresses.get(query.name)
    if (!known) return undefined
    if (query.type !== 'A' && query.type !== 'AAAA') return []
    return known
      .filter(address => isIPv6(address) === (query.type === 'AAAA'))
      .map(data => record(query, data))
  }
  return {
    name: 'hosts',
    resolve(query, next) {
      if (findZone(query.name, zones) === undefined && !query.name.endsWith('.arpa')) return next(query)
      const answers = find(query)
      if (answers) return authoritativeReply(answers)
      if (query.type === 'PTR' || findZone(query.name, fallthrough) !== undefined) return next(query)
      return authoritativeReply([], [], 'NXDOMAIN')
    },
  }
}
