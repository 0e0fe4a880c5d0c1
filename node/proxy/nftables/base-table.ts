import type { AddressFamily, ProxyNode } from '../../../plugins/proxy.ts'
import { familyOf } from '../service-changes.ts'

/** All we make is in tables of this name; no other table is ever touched. */
export const TABLE = 'skiff-proxy'

/** Set by rules on packets whose source must become the node's. The bit kube-proxy uses. */
const MASQUERADE_MARK = '0x4000'

/** How nft calls things of a family. */
export interface FamilyWords {
  /** `ip` or `ip6`: table family and packet header. */
  ip: 'ip' | 'ip6'
  addressType: 'ipv4_addr' | 'ipv6_addr'
}

export const WORDS: Record<AddressFamily, FamilyWords> = {
  IPv4: { ip: 'ip', addressType: 'ipv4_addr' },
  IPv6: { ip: 'ip6', addressType: 'ipv6_addr' },
}

/** Replaces the table by one without services; more commands follow in the same transaction. */
export function replaceTable(family: AddressFamily, node: ProxyNode, stateChain: string): string {
  const { ip, addressType } = WORDS[family]
  const nodeIPs = node.addresses.filter(address => familyOf(address) === family)
  const portKey = 'inet_proto . inet_service'
  return `${removeTable(family)}
table ${ip} ${TABLE} {
  comment "Kubernetes Services, made by skiff"
  set cluster-ips { type ${addressType}; }
  set nodeport-ips { type ${addressType}; ${elements(nodeIPs)} }
  set hairpin { type ${addressType} . ${addressType}; }
  map service-ips { type ${addressType} . ${portKey} : verdict; }
  map service-nodeports { type ${portKey} : verdict; }
  map no-endpoint-services { type ${addressType} . ${portKey} : verdict; }
  map no-endpoint-nodeports { type ${portKey} : verdict; }
  map firewall-ips { type ${addressType} . ${portKey} : verdict; }
  chain ${stateChain} { }
${regularChains(ip)}${baseChains(ip)}}
`
}

/** Works whether the table is there or not. */
export function removeTable(family: AddressFamily): string {
  const { ip } = WORDS[family]
  return `add table ${ip} ${TABLE}\ndelete table ${ip} ${TABLE}`
}

const elements = (members: string[]): string =>
  members.length > 0 ? `elements = { ${members.join(', ')} };` : ''

/** TCP is refused by a reset: ICMP is limited to about one a second and client, and who waits for it hangs. */
function regularChains(ip: string): string {
  return `
  chain mark-for-masquerade { meta mark set meta mark or ${MASQUERADE_MARK}; }
  chain reject-chain {
    meta l4proto tcp reject with tcp reset
    reject
  }
  chain services {
    ${ip} daddr . meta l4proto . th dport vmap @service-ips
    ${ip} daddr @nodeport-ips meta l4proto . th dport vmap @service-nodeports
  }
  chain check-endpoints {
    ${ip} daddr . meta l4proto . th dport vmap @no-endpoint-services
    ${ip} daddr @nodeport-ips meta l4proto . th dport vmap @no-endpoint-nodeports
    ${ip} daddr @cluster-ips goto reject-chain
  }
  chain firewall { ${ip} daddr . meta l4proto . th dport vmap @firewall-ips; }
`
}

/**
 * Firewalls see the address before it is translated; rejects come after, so that only what found no endpoint meets them.
 * The output hooks are for processes of the node itself.
 */
function baseChains(ip: string): string {
  return `
  chain firewall-prerouting { type filter hook prerouting priority dstnat - 10; ct state new jump firewall; }
  chain firewall-output { type filter hook output priority -110; ct state new jump firewall; }
  chain filter-input { type filter hook input priority filter - 10; ct state new jump check-endpoints; }
  chain filter-forward { type filter hook forward priority filter - 10; ct state new jump check-endpoints; }
  chain filter-output { type filter hook output priority filter - 10; ct state new jump check-endpoints; }
  chain nat-prerouting { type nat hook prerouting priority dstnat; jump services; }
  chain nat-output { type nat hook output priority -100; jump services; }
  chain nat-postrouting {
    type nat hook postrouting priority srcnat
    ct status dnat ${ip} saddr . ${ip} daddr @hairpin masquerade fully-random
    meta mark and ${MASQUERADE_MARK} == 0 return
    meta mark set meta mark xor ${MASQUERADE_MARK}
    masquerade fully-random
  }
`
}
