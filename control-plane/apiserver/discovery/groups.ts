import type { KindRegistry } from '../kind-registry.ts'
import { sortVersions } from './resources.ts'

/** Groups come in the order upstream shows them; those it does not know follow by name. */
const ORDER = [
  'apiregistration.k8s.io',
  'apps',
  'events.k8s.io',
  'authentication.k8s.io',
  'authorization.k8s.io',
  'autoscaling',
  'batch',
  'certificates.k8s.io',
  'networking.k8s.io',
  'policy',
  'rbac.authorization.k8s.io',
  'storage.k8s.io',
  'admissionregistration.k8s.io',
  'apiextensions.k8s.io',
  'scheduling.k8s.io',
  'coordination.k8s.io',
  'node.k8s.io',
  'discovery.k8s.io',
  'resource.k8s.io',
  'flowcontrol.apiserver.k8s.io',
]

/** Named groups (not the core group) with their versions, preferred first. */
export function sortedGroups(kinds: KindRegistry): [group: string, versions: string[]][] {
  const place = (group: string) => (ORDER.indexOf(group) + ORDER.length + 1) % (ORDER.length + 1)
  return [...kinds.groups()]
    .filter(([group]) => group !== '')
    .map(([group, versions]): [string, string[]] => [group, sortVersions(versions)])
    .sort(([a], [b]) => place(a) - place(b) || (a < b ? -1 : 1))
}

/** APIGroup, the answer of `/apis/GROUP`. */
export function apiGroup(name: string, versions: readonly string[]): Record<string, unknown> {
  const entries = versions.map(version => ({ groupVersion: `${name}/${version}`, version }))
  return { kind: 'APIGroup', apiVersion: 'v1', name, versions: entries, preferredVersion: entries[0] }
}

/** APIGroupList, the answer of `/apis`. */
export function apiGroupList(kinds: KindRegistry): object {
  const groups = sortedGroups(kinds).map(([name, versions]) => {
    const { kind: _kind, apiVersion: _version, ...group } = apiGroup(name, versions)
    return group
  })
  return { kind: 'APIGroupList', apiVersion: 'v1', groups }
}

/** APIVersions, the answer of `/api`. */
export function coreVersions(serverAddress: string): object {
  return {
    kind: 'APIVersions',
    versions: ['v1'],
    serverAddressByClientCIDRs: [{ clientCIDR: '0.0.0.0/0', serverAddress }],
  }
}
