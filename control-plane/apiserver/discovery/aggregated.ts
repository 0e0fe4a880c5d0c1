import { createHash } from 'node:crypto'
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
): AggregatedDiscovery {
  const groups: [string, string[]][] = path === '/api' ? [['', ['v1']]] : sortedGroups(kinds)
  const items = groups.map(([name, versions]) => ({
    metadata: { ...(name && { name }), creationTimestamp: null },
    versions: versions.map(version => ({
      version,
      resources: nested(resourcesOf(kinds, name, version), name, version),
      freshness: 'Current',
    })),
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

/** Resources with their subresources inside them. */
function nested(resources: DiscoveredResource[], group: string, version: string): object[] {
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
  resources: DiscoveredResource[],
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
