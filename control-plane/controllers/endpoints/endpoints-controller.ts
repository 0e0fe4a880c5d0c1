import { isDeepStrictEqual } from 'node:util'
import type { Controller } from '../../../api/client/controller.ts'
import { endpoints, pods, services } from '../../../api/kinds/core.ts'
import type { Endpoints, Service } from '../../../api/kinds/types.ts'
import { isNotFound } from '../../../api/meta/status.ts'
import type { ControllerContext } from '../context.ts'
import { type Endpoint, type EndpointGroup, groupEndpoints } from './model.ts'
import { hasSelector, indexByNamespace, selectedPods, servicesOf } from './selection.ts'

const MANAGED_BY = 'endpoints.kubernetes.io/managed-by'
const HEADLESS = 'service.kubernetes.io/headless'

/** Keeps the Endpoints object of every Service with a selector, for clients that do not know EndpointSlices. */
export function endpointsController({ client, informers }: ControllerContext): Controller {
  const serviceCache = informers.informer(services)
  const podCache = informers.informer(pods)
  const cache = informers.informer(endpoints)
  indexByNamespace(podCache)
  indexByNamespace(serviceCache)
  return {
    name: 'endpoints',
    watches: [
      { kind: services },
      { kind: pods, keys: (pod, old) => servicesOf(serviceCache, pod, old) },
      { kind: endpoints },
    ],
    async reconcile(key) {
      const service = serviceCache.get(key)
      const there = cache.get(key)
      if (!service) {
        if (there?.metadata.labels?.[MANAGED_BY])
          await client.delete(endpoints, there.metadata).catch(ignoreNotFound)
        return
      }
      if (!hasSelector(service) || service.metadata.deletionTimestamp) return
      const subsets = groupEndpoints(service, selectedPods(podCache, service)).flatMap(toSubset)
      await write(service, there, subsets)
    },
  }

  async function write(service: Service, there: Endpoints | undefined, subsets: object[]): Promise<void> {
    const { name, namespace, labels } = service.metadata
    const headless = service.spec.clusterIP === 'None' ? { [HEADLESS]: '' } : {}
    const wanted = { ...labels, ...headless, [MANAGED_BY]: 'endpoint-controller' }
    const object = {
      apiVersion: 'v1',
      kind: 'Endpoints',
      metadata: { name, namespace: namespace!, labels: wanted },
      subsets,
    }
    if (!there) await client.create(endpoints, object as never)
    else if (
      !isDeepStrictEqual(there.subsets ?? [], subsets) ||
      !isDeepStrictEqual(there.metadata.labels, wanted)
    ) {
      await client.update(endpoints, { ...object, metadata: { ...there.metadata, labels: wanted } } as never)
    }
  }
}

function ignoreNotFound(error: unknown): void {
  if (!isNotFound(error)) throw error
}

/** One subset; none for Pods that all are going. */
function toSubset({ ports, endpoints: all }: EndpointGroup): object[] {
  const address = ({ addresses, nodeName, targetRef, hostname }: Endpoint): object => ({
    ip: addresses[0],
    ...(hostname && { hostname }),
    ...(nodeName && { nodeName }),
    targetRef,
  })
  const ready = all.filter(({ conditions }) => conditions.ready).map(address)
  const notReady = all.filter(({ conditions }) => !conditions.ready && !conditions.terminating).map(address)
  if (ready.length + notReady.length === 0) return []
  const subset = {
    ...(ready.length > 0 && { addresses: ready }),
    ...(notReady.length > 0 && { notReadyAddresses: notReady }),
    ...(ports.length > 0 && { ports: ports.map(({ name, ...port }) => (name ? { name, ...port } : port)) }),
  }
  return [subset]
}
