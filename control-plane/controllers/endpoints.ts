import { isDeepStrictEqual } from 'node:util'
import type { Controller } from '../../api/client/controller.ts'
import { endpoints, pods, services } from '../../api/kinds/core.ts'
import type { Endpoints, Service } from '../../api/kinds/types.ts'
import type { ControllerContext } from './context.ts'
import { type Endpoint, type EndpointGroup, groupEndpoints } from './endpoint-model.ts'
import { hasSelector, selectedPods, servicesOf } from './endpoint-slices.ts'

/** Keeps the Endpoints object of every Service with a selector, for clients that do not know EndpointSlices. */
export function endpointsController({ client, informers }: ControllerContext): Controller {
  const serviceCache = informers.informer(services)
  const podCache = informers.informer(pods)
  const cache = informers.informer(endpoints)
  podCache.addIndex('namespace', pod => [pod.metadata.namespace!])
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
          await client.delete(endpoints, there.metadata).catch(() => {})
        return
      }
      if (!hasSelector(service.spec) || service.metadata.deletionTimestamp) return
      const candidates = podCache.byIndex('namespace', service.metadata.namespace!)
      const subsets = groupEndpoints(service, selectedPods(candidates, service)).map(toSubset)
      await write(service, there, subsets)
    },
  }

  async function write(service: Service, there: Endpoints | undefined, subsets: object[]): Promise<void> {
    const { name, namespace, labels } = service.metadata
    const wanted = { ...labels, [MANAGED_BY]: 'endpoint-controller' }
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

const MANAGED_BY = 'endpoints.kubernetes.io/managed-by'

function toSubset({ ports, endpoints: all }: EndpointGroup): object {
  const address = ({ addresses, nodeName, targetRef, hostname }: Endpoint): object => ({
    ip: addresses[0],
    ...(hostname && { hostname }),
    ...(nodeName && { nodeName }),
    targetRef,
  })
  const ready = all.filter(({ conditions }) => conditions.ready).map(address)
  const notReady = all.filter(({ conditions }) => !conditions.ready && !conditions.terminating).map(address)
  return {
    ...(ready.length > 0 && { addresses: ready }),
    ...(notReady.length > 0 && { notReadyAddresses: notReady }),
    ...(ports.length > 0 && { ports: ports.map(({ name, ...port }) => (name ? { name, ...port } : port)) }),
  }
}
