import { readFile, writeFile } from 'node:fs/promises'
import type { Pod } from '../../../api/kinds/types.ts'

/** What a Pod is called. */
export interface HostNames {
  hostname: string
  /** `hostname.subdomain.namespace.svc.DOMAIN`, for Pods of a subdomain. */
  domainName?: string | undefined
}

const HEADER = '# Kubernetes-managed hosts file.'
const HOST_NETWORK_HEADER = '# Kubernetes-managed hosts file (host network).'
const LOCAL = [
  '127.0.0.1\tlocalhost',
  '::1\tlocalhost ip6-localhost ip6-loopback',
  'fe00::0\tip6-localnet',
  'fe00::0\tip6-mcastprefix',
  'fe00::1\tip6-allnodes',
  'fe00::2\tip6-allrouters',
]

/**
 * Writes the /etc/hosts all containers of a Pod share: the Pod's own addresses, or the node's file for a Pod of its
 * network, and the Pod's `hostAliases`. Written in place, since running containers have it mounted.
 */
export async function writeHostsFile(
  path: string,
  pod: Pod,
  podIPs: string[],
  names: HostNames,
): Promise<void> {
  const base = pod.spec.hostNetwork
    ? `${HOST_NETWORK_HEADER}\n${await readFile('/etc/hosts', 'utf8').catch(() => '')}`
    : podHosts(podIPs, names)
  const content = base + aliasLines(pod)
  const there = await readFile(path, 'utf8').catch(() => undefined)
  if (there !== content) await writeFile(path, content, { mode: 0o644 })
}

function podHosts(podIPs: string[], { hostname, domainName }: HostNames): string {
  const name = domainName ? `${domainName}\t${hostname}` : hostname
  return `${[HEADER, ...LOCAL, ...podIPs.map(ip => `${ip}\t${name}`)].join('\n')}\n`
}

function aliasLines({ spec }: Pod): string {
  const aliases = spec.hostAliases ?? []
  if (aliases.length === 0) return ''
  const lines = aliases.map(({ ip, hostnames }) => `${ip}\t${(hostnames ?? []).join('\t')}`)
  return `\n# Entries added by HostAliases.\n${lines.join('\n')}\n`
}
