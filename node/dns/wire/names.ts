/** Names inside the server have no dot at the end and are in lower case; the root and the zone `.` are ''. */

/** `Example.ORG.` → `example.org`. */
export function normalizeName(name: string): string {
  const lower = name.toLowerCase()
  return lower.endsWith('.') ? lower.slice(0, -1) : lower
}

/** Whether a name is a zone's apex or below it. */
export function isInZone(name: string, zone: string): boolean {
  if (zone === '') return true
  if (!name.endsWith(zone)) return false
  return name.length === zone.length || name.charCodeAt(name.length - zone.length - 1) === 46
}

/** The longest of the zones that has the name. */
export function findZone(name: string, zones: readonly string[]): string | undefined {
  let found: string | undefined
  for (const zone of zones) {
    if (isInZone(name, zone) && (found === undefined || zone.length > found.length)) found = zone
  }
  return found
}

/** What is in front of the zone: `a.b` of `a.b.example.org`; '' for the apex. */
export function relativeName(name: string, zone: string): string {
  if (zone === '') return name
  return name.slice(0, Math.max(0, name.length - zone.length - 1))
}

const REVERSE_4 = '.in-addr.arpa'
const REVERSE_6 = '.ip6.arpa'

/** The address a reverse name stands for: `4.3.2.1.in-addr.arpa` → `1.2.3.4`. Undefined for anything else. */
export function addressOfReverse(name: string): string | undefined {
  if (name.endsWith(REVERSE_4)) {
    const parts = name.slice(0, -REVERSE_4.length).split('.')
    return parts.length === 4 && parts.every(isByte) ? parts.reverse().join('.') : undefined
  }
  if (!name.endsWith(REVERSE_6)) return undefined
  const nibbles = name.slice(0, -REVERSE_6.length).split('.')
  if (nibbles.length !== 32 || !nibbles.every(nibble => /^[0-9a-f]$/.test(nibble))) return undefined
  return nibbles.reverse().join('').match(/.{4}/g)!.join(':')
}

const isByte = (text: string): boolean => /^(0|[1-9]\d{0,2})$/.test(text) && Number(text) < 256

/** A zone as a Corefile writes it: a name, or a CIDR that stands for reverse zones (`10.0.0.0/8` → `10.in-addr.arpa`). */
export function parseZone(text: string): string {
  const match = /^([\d.]+)\/(\d+)$/.exec(text)
  if (!match) return normalizeName(text)
  const bits = Number(match[2])
  if (bits % 8 !== 0 || bits > 32) throw new Error(`zone ${text}: the prefix must be a multiple of 8`)
  const parts = match[1]!.split('.').slice(0, bits / 8)
  return [...parts.reverse(), 'in-addr', 'arpa'].join('.')
}

/** One spelling per IPv6 address, as 8 groups without leading zeros; IPv4 as it is. */
export function canonicalAddress(address: string): string {
  if (!address.includes(':')) return address
  const [head = '', tail] = address.toLowerCase().split('::')
  const groups = (text: string): string[] => (text ? text.split(':') : [])
  const left = groups(head)
  const right = tail === undefined ? [] : groups(tail)
  const zeros = tail === undefined ? 0 : 8 - left.length - right.length
  const all = [...left, ...Array<string>(Math.max(0, zeros)).fill('0'), ...right]
  return all.map(group => Number.parseInt(group, 16).toString(16)).join(':')
}
