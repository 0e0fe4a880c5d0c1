import type { Rcode } from '../../../plugins/dns.ts'

/** The types that have a name, spelled as dns-packet does. */
const TYPES: Record<string, number> = {
  A: 1,
  NS: 2,
  CNAME: 5,
  SOA: 6,
  NULL: 10,
  PTR: 12,
  HINFO: 13,
  MX: 15,
  TXT: 16,
  RP: 17,
  AFSDB: 18,
  SIG: 24,
  KEY: 25,
  AAAA: 28,
  LOC: 29,
  SRV: 33,
  NAPTR: 35,
  KX: 36,
  CERT: 37,
  DNAME: 39,
  OPT: 41,
  APL: 42,
  DS: 43,
  SSHFP: 44,
  IPSECKEY: 45,
  RRSIG: 46,
  NSEC: 47,
  DNSKEY: 48,
  DHCID: 49,
  NSEC3: 50,
  NSEC3PARAM: 51,
  TLSA: 52,
  HIP: 55,
  CDS: 59,
  CDNSKEY: 60,
  SPF: 99,
  TKEY: 249,
  TSIG: 250,
  IXFR: 251,
  AXFR: 252,
  ANY: 255,
  CAA: 257,
  TA: 32768,
  DLV: 32769,
}
const TYPE_NAMES = new Map(Object.entries(TYPES).map(([name, number]) => [number, name]))

/** Names of types without one are as in dns-packet: `UNKNOWN_65`. `TYPE65` is RFC 3597's spelling. */
export const typeName = (number: number): string => TYPE_NAMES.get(number) ?? `UNKNOWN_${number}`

/** Undefined for a name that is no type. */
export function typeNumber(name: string): number | undefined {
  const known = TYPES[name]
  if (known !== undefined) return known
  const match = /^(?:UNKNOWN_|TYPE)(\d{1,5})$/.exec(name)
  return match ? Number(match[1]) : undefined
}

const CLASSES: Record<string, number> = { IN: 1, CS: 2, CH: 3, HS: 4, NONE: 254, ANY: 255 }
const CLASS_NAMES = new Map(Object.entries(CLASSES).map(([name, number]) => [number, name]))

export const className = (number: number): string => CLASS_NAMES.get(number) ?? `CLASS${number}`
export const classNumber = (name: string): number => CLASSES[name] ?? Number(name.replace('CLASS', ''))

const RCODES: Rcode[] = [
  'NOERROR',
  'FORMERR',
  'SERVFAIL',
  'NXDOMAIN',
  'NOTIMP',
  'REFUSED',
  'YXDOMAIN',
  'YXRRSET',
  'NXRRSET',
  'NOTAUTH',
  'NOTZONE',
]

export const rcodeNumber = (rcode: Rcode): number => RCODES.indexOf(rcode)
export const rcodeName = (number: number): Rcode => RCODES[number] ?? 'SERVFAIL'
