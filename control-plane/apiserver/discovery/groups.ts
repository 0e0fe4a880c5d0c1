import type { ApiService } from '../../../api/kinds/apiregistration.ts'
import type { Aggregator } from '../aggregation/aggregator.ts'
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

/** Named groups (not the core group) with their versions, preferred first; those that other servers serve among them. */
export function sortedGroups(
  kinds: KindRegistry,
  remote?: Aggregator,
): [group: string, versions: string[]][] {
  const groups = new Map([...kinds.groups()].map(([group, versions]) => [group, sortVersions(versions)]))
  for (const [group, services] of remoteGroups(remote)) {
    const names = services.map(({ spec }) => spec.version!)
    const others = (groups.get(group) ?? []).filter(version => !names.includes(version))
    groups.set(group, [...names, ...others])
  }
  groups.delete('')
  const place = (group: string) => (ORDER.indexOf(group) + ORDER.length + 1) % (ORDER.length + 1)
  const priority = (group: string) =>
    remote?.all().find(({ spec }) => spec.group === group)?.spec.groupPriorityMinimum ?? 0
  return [...groups].sort(([a], [b]) => place(a) - place(b) || priority(b) - priority(a) || (a < b ? -1 : 1))
}

/** Groups that other servers serve, with the versions of highest priority first. */
function remoteGroups(remote: Aggregator | undefined): Map<string, ApiService[]> {
  const groups = Map.groupBy(remote?.all() ?? [], ({ spec }) => spec.group ?? '')
  for (const services of groups.values()) {
    const byName = sortVersions(services.map(({ spec }) => spec.version!))
    services.sort(
      (a, b) =>
        b.spec.versionPriority - a.spec.versionPriority ||
        byName.indexOf(a.spec.version!) - byName.indexOf(b.spec.version!),
    )
  }
  return groups
}

/** APIGroup, the answer of `/apis/GROUP`. */
export function apiGroup(name: string, versions: readonly string[]): Record<string, unknown> {
  const entries = versions.map(version => ({ groupVersion: `${name}/${version}`, version }))
  return { kind: 'APIGroup', apiVersion: 'v1', name, versions: entries, preferredVersion: entries[0] }
}

/** APIGroupList, the answer of `/apis`. */
export function apiGroupList(kinds: KindRegistry, remote?: Aggregator): object {
  const groups = sortedGroups(kinds, remote).map(([name, versions]) => {
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
