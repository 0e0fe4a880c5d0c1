import { isDeepStrictEqual } from 'node:util'
import type { Controller } from '../../../api/client/controller.ts'
import { nodes, pods, services } from '../../../api/kinds/core.ts'
import { endpointSlices } from '../../../api/kinds/discovery.ts'
import type { EndpointSlice, Service } from '../../../api/kinds/types.ts'
import { objectKey } from '../../../api/meta/object.ts'
import { isNotFound } from '../../../api/meta/status.ts'
import type { ControllerContext } from '../context.ts'
import { controllerRef } from '../owner.ts'
import { groupEndpoints } from './model.ts'
import { createOwnWrites } from './own-writes.ts'
import { hasSelector, indexByNamespace, selectedPods, servicesOf } from './selection.ts'
import { type Packed, packSlices } from './slice-packing.ts'
import { createTriggerTimes, withTriggerTime } from './trigger-times.ts'

const SERVICE_NAME = 'kubernetes.io/service-name'
const MANAGED_BY = 'endpointslice.kubernetes.io/managed-by'
const MANAGER = 'endpointslice-controller.k8s.io'
const HEADLESS = 'service.kubernetes.io/headless'
const ZONE = 'topology.kubernetes.io/zone'

/** Keys of the Service a slice of ours belongs to. */
function serviceKeys({ metadata }: EndpointSlice): string[] {
  const { [SERVICE_NAME]: name, [MANAGED_BY]: manager } = metadata.labels ?? {}
  return manager === MANAGER ? [`${metadata.namespace}/${name}`] : []
}

/** Keeps the EndpointSlices of every Service with a selector. */
export function endpointSliceController({ client, informers }: ControllerContext): Controller {
  const serviceCache = informers.informer(services)
  const podCache = informers.informer(pods)
  const nodeCache = informers.informer(nodes)
  const sliceCache = informers.informer(endpointSlices)
  const ownWrites = createOwnWrites(sliceCache)
  const triggerTimes = createTriggerTimes()
  indexByNamespace(podCache)
  indexByNamespace(serviceCache)
  sliceCache.addIndex('service', serviceKeys)
  const zoneOf = (nodeName: string): string | undefined => nodeCache.get(nodeName)?.metadata.labels?.[ZONE]
  return {
    name: 'endpointslice',
    watches: [
      { kind: services },
      { kind: pods, keys: (pod, old) => servicesOf(serviceCache, pod, old) },
      { kind: endpointSlices, keys: serviceKeys },
      {
        kind: nodes,
        keys: ({ metadata }, old) =>
          metadata.labels?.[ZONE] === old?.metadata.labels?.[ZONE] ? [] : serviceCache.list().map(objectKey),
      },
    ],
    async reconcile(key) {
      const service = serviceCache.get(key)
      const there = ownWrites.latest(sliceCache.byIndex('service', key), slice =>
        serviceKeys(slice).includes(key),
      )
      if (!service) triggerTimes.forget(key)
      if (!service || !hasSelector(service)) return remove(there)
      if (service.metadata.deletionTimestamp) return
      const own = selectedPods(podCache, service)
      const time = triggerTimes.next(service, own)
      const plan = packSlices(groupEndpoints(service, own, zoneOf), there)
      for (const packed of plan.keep)
        if (!hasLabels(packed.slice!, service)) await write(service, packed, time)
      for (const packed of plan.write) await write(service, packed, time)
      await remove(plan.remove)
    },
  }

  async function write(
    service: Service,
    { slice, ports, endpoints }: Packed,
    time: string | undefined,
  ): Promise<void> {
    const labels = labelsOf(service)
    const annotations = withTriggerTime(slice?.metadata.annotations, time)
    if (slice) {
      const metadata = { ...slice.metadata, labels, annotations }
      const next = { ...slice, metadata, ports, endpoints } as EndpointSlice
      return ownWrites.wrote(await client.update(endpointSlices, next))
    }
    const { name, namespace } = service.metadata
    const ownerReferences = [controllerRef(services, service)]
    const object = {
      apiVersion: 'discovery.k8s.io/v1',
      kind: 'EndpointSlice',
      metadata: { generateName: `${name}-`, namespace: namespace!, labels, annotations, ownerReferences },
      addressType: 'IPv4',
      ports,
      endpoints,
    }
    ownWrites.wrote(await client.create(endpointSlices, object as never))
  }

  async function remove(slices: readonly EndpointSlice[]): Promise<void> {
    for (const slice of slices) {
      const { uid } = slice.metadata
      await client.delete(endpointSlices, slice.metadata, { preconditions: { uid: uid! } }).catch(error => {
        if (!isNotFound(error)) throw error
      })
      ownWrites.removed(slice)
    }
  }
}

function labelsOf({ metadata, spec }: Service): Record<string, string> {
  const headless: Record<string, string> = spec.clusterIP === 'None' ? { [HEADLESS]: '' } : {}
  return { ...metadata.labels, ...headless, [SERVICE_NAME]: metadata.name, [MANAGED_BY]: MANAGER }
}

const hasLabels = ({ metadata }: EndpointSlice, service: Service): boolean =>
  isDeepStrictEqual(metadata.labels, labelsOf(service))
