import { createHash } from 'node:crypto'
import type { Aggregator } from '../aggregation/aggregator.ts'
import { isAvailable } from '../aggregation/availability.ts'
import type { KindRegistry } from '../kind-registry.ts'
import { sortedGroups } from './groups.ts'
import { type DiscoveredResource, resourcesOf } from './resources.ts'

/** An APIGroupDiscoveryList as it is sent, with its ETag. */
export interface AggregatedDiscovery {
  body: Buffer
  etag: string
}

/**
 * The whole of discovery in one document (apidiscovery.k8s.io/v2): the core group for `/api`, the others for `/apis`.
 */
export function aggregatedDiscovery(
  kinds: KindRegistry,
  path: '/api' | '/apis',
  version: string,
  remote?: Aggregator,
): AggregatedDiscovery {
  const groups: [string, string[]][] = path === '/api' ? [['', ['v1']]] : sortedGroups(kinds, remote)
  const items = groups.map(([name, versions]) => ({
    metadata: { ...(name && { name }), creationTimestamp: null },
    versions: versions.map(
      version =>
        remoteVersion(remote, name, version) ?? {
          version,
          resources: nested(resourcesOf(kinds, name, version), name, version),
          freshness: 'Current',
        },
    ),
  }))
  const list = {
    kind: 'APIGroupDiscoveryList',
    apiVersion: `apidiscovery.k8s.io/${version}`,
    metadata: {},
    items,
  }
  const body = Buffer.from(JSON.stringify(list))
  return { body, etag: `"${createHash('sha512').update(body).digest('hex').toUpperCase()}"` }
}

/** What another server said when it was last asked; `Stale` when it does not answer now. */
function remoteVersion(remote: Aggregator | undefined, group: string, version: string): object | undefined {
  const service = remote?.find(group, version)
  if (!service) return undefined
  const { resources = [] } = remote!.documents(service) ?? {}
  return { version, resources, freshness: isAvailable(service) ? 'Current' : 'Stale' }
}

/** Resources with their subresources inside them. */
export function nested(resources: readonly DiscoveredResource[], group: string, version: string): object[] {
  const main = resources.filter(({ name }) => !name.includes('/'))
  return main.map(resource => ({
    resource: resource.name,
    responseKind: responseKind(resource, group, version),
    scope: resource.namespaced ? 'Namespaced' : 'Cluster',
    singularResource: resource.singularName,
    verbs: resource.verbs,
    ...(resource.shortNames && { shortNames: resource.shortNames }),
    ...(resource.categories && { categories: resource.categories }),
    ...subresourcesOf(resource, resources, group, version),
  }))
}

function subresourcesOf(
  { name }: DiscoveredResource,
  resources: readonly DiscoveredResource[],
  group: string,
  version: string,
): object {
  const subresources = resources
    .filter(candidate => candidate.name.startsWith(`${name}/`))
    .map(candidate => ({
      subresource: candidate.name.slice(name.length + 1),
      responseKind: responseKind(candidate, group, version),
      verbs: candidate.verbs,
    }))
  return subresources.length > 0 ? { subresources } : {}
}

function responseKind(resource: DiscoveredResource, group: string, version: string): object {
  return { group: resource.group ?? group, version: resource.version ?? version, kind: resource.kind }
}
