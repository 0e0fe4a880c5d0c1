import { isIP } from 'node:net'
import { canonicalAddress, normalizeName } from '../../wire/names.ts'

/** Addresses by name and names by address, as in /etc/hosts. */
export interface Hosts {
  addresses: Map<string, string[]>
  names: Map<string, string[]>
}

/** Lines that are no `ADDRESS NAME...` are passed over, as resolvers do. */
export function parseHosts(lines: string[]): Hosts {
  const hosts: Hosts = { addresses: new Map(), names: new Map() }
  for (const line of lines) {
    const [address = '', ...names] = line.replace(/#.*/, '').trim().split(/\s+/)
    if (isIP(address.split('%')[0]!) === 0) continue
    for (const name of names.map(normalizeName)) {
      add(hosts.addresses, name, address)
      add(hosts.names, canonicalAddress(address), name)
    }
  }
  return hosts
}

function add(map: Map<string, string[]>, key: string, value: string): void {
  const values = map.get(key)
  if (!values) map.set(key, [value])
  else if (!values.includes(value)) values.push(value)
}
