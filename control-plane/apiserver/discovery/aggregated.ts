import { createHash } from 'node:crypto'
import type { Aggregator } from '../aggregation/aggregator.ts'
import { isAvailable } from '../aggregation/availability.ts'
import type { KindRegistry } from '../kind-registry.ts'
import { sortedGroups } from './groups.ts'
import { nested } from './nested.ts'
import { resourcesOf } from './resources.ts'

/** An APIGroupDiscoveryList as it is sent, with its ETag. */
export interface AggregatedDiscovery {
  list: object
  body: Buffer
  etag: string
}

/**
 * The whole of discovery in one document (apidiscovery.k8s.io/v2): the core group for `/api`, the others for `/apis`.
 */
export function aggregatedDiscovery(
  kinds: KindRegistry,
  path: '/api' | '/apis',
  remote?: Aggregator,
): AggregatedDiscovery {
  const groups: [string, string[]][] = path === '/api' ? [['', ['v1']]] : sortedGroups(kinds, remote)
  const items = groups.map(([name, versions]) => ({
    metadata: { ...(name && { name }) },
    versions: versions.map(
      version =>
        remoteVersion(remote, name, version) ?? {
          version,
          resources: nested(resourcesOf(kinds, name, version)),
          freshness: 'Current',
        },
    ),
  }))
  const list = {
    kind: 'APIGroupDiscoveryList',
    apiVersion: 'apidiscovery.k8s.io/v2',
    metadata: {},
    items,
  }
  const body = Buffer.from(JSON.stringify(list))
  return { list, body, etag: `"${createHash('sha512').update(body).digest('hex').toUpperCase()}"` }
}

/** What another server said when it was last asked; `Stale` when it does not answer now. */
function remoteVersion(remote: Aggregator | undefined, group: string, version: string): object | undefined {
  const service = remote?.find(group, version)
  if (!service) return undefined
  const { resources = [] } = remote!.documents(service) ?? {}
  return { version, resources, freshness: isAvailable(service) ? 'Current' : 'Stale' }
}
