import type { DnsRecord, DnsReply, Rcode } from '../../plugins/dns.ts'

/** A reply without records. */
export function emptyReply(rcode: Rcode): DnsReply {
  return { rcode, answers: [], authorities: [], additionals: [] }
}

/** An answer of who is in charge of the zone. */
export function authoritativeReply(
  answers: DnsRecord[],
  additionals: DnsRecord[] = [],
  rcode: Rcode = 'NOERROR',
): DnsReply {
  return { rcode, authoritative: true, recursionAvailable: true, answers, authorities: [], additionals }
}

/** No such name (NXDOMAIN) or no such type (NOERROR): the zone's SOA says how long that may be remembered. */
export function negativeReply(rcode: 'NXDOMAIN' | 'NOERROR', soa: DnsRecord): DnsReply {
  return { ...authoritativeReply([], [], rcode), authorities: [soa] }
}

/** Whether it says that there is nothing: NXDOMAIN, or NOERROR without an answer. */
export function isNegative({ rcode, answers }: DnsReply): boolean {
  return rcode === 'NXDOMAIN' || (rcode === 'NOERROR' && answers.length === 0)
}
