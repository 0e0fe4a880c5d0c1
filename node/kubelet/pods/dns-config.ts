import { readFileSync } from 'node:fs'
import type { Pod } from '../../../api/kinds/types.ts'

/** The cluster's DNS as Pods are told of it. */
export interface DnsSettings {
  clusterDNS: string[]
  clusterDomain: string
}

interface DnsConfig {
  servers: string[]
  searches: string[]
  options: string[]
}

/** Limits of resolv.conf (glibc's before 2.26 for search paths, raised by Kubernetes). */
const MOST_SERVERS = 3
const MOST_SEARCHES = 32

/** resolv.conf of a Pod by its dnsPolicy, with what its dnsConfig adds. */
export function podDnsConfig(pod: Pod, settings: DnsSettings): DnsConfig {
  const { dnsConfig, dnsPolicy = 'ClusterFirst', hostNetwork } = pod.spec
  const isClusterFirst =
    dnsPolicy === 'ClusterFirstWithHostNet' || (dnsPolicy === 'ClusterFirst' && !hostNetwork)
  const base = dnsPolicy === 'None' ? EMPTY : isClusterFirst ? clusterFirst(pod, settings) : hostConfig()
  const options = (dnsConfig?.options ?? []).map(({ name, value }) =>
    value === undefined ? name! : `${name}:${value}`,
  )
  return {
    servers: unique([...base.servers, ...(dnsConfig?.nameservers ?? [])]).slice(0, MOST_SERVERS),
    searches: unique([...base.searches, ...(dnsConfig?.searches ?? [])]).slice(0, MOST_SEARCHES),
    options: mergeOptions(base.options, options),
  }
}

const EMPTY: DnsConfig = { servers: [], searches: [], options: [] }

const unique = (values: string[]): string[] => [...new Set(values)]

function clusterFirst({ metadata }: Pod, { clusterDNS, clusterDomain }: DnsSettings): DnsConfig {
  const searches = [`${metadata.namespace}.svc.${clusterDomain}`, `svc.${clusterDomain}`, clusterDomain]
  return { servers: clusterDNS, searches: [...searches, ...hostConfig().searches], options: ['ndots:5'] }
}

/** The node's own resolv.conf. */
function hostConfig(): DnsConfig {
  const config: DnsConfig = { servers: [], searches: [], options: [] }
  let text = ''
  try {
    text = readFileSync('/etc/resolv.conf', 'utf8')
  } catch {
    return config
  }
  for (const line of text.split('\n')) {
    const [word, ...values] = line.trim().split(/\s+/)
    if (word === 'nameserver') config.servers.push(...values)
    if (word === 'search') config.searches = values
    if (word === 'options') config.options = values
  }
  return config
}

/** An option given by the Pod replaces the one of the same name. */
function mergeOptions(base: string[], more: string[]): string[] {
  const byName = new Map([...base, ...more].map(option => [option.split(':')[0]!, option]))
  return [...byName.values()]
}
