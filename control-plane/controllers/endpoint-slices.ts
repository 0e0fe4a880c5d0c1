import { isDeepStrictEqual } from 'node:util'
import type { Controller } from '../../api/client/controller.ts'
import { pods, services } from '../../api/kinds/core.ts'
import { endpointSlices } from '../../api/kinds/discovery.ts'
import type { EndpointSlice, Pod, Service } from '../../api/kinds/types.ts'
import { objectKey } from '../../api/meta/object.ts'
import { selectorFromMap } from '../../api/meta/selectors.ts'
import type { ControllerContext } from './context.ts'
import { type EndpointGroup, groupEndpoints } from './endpoint-model.ts'
import { controllerRef } from './owner.ts'

const SERVICE_NAME = 'kubernetes.io/service-name'
const MANAGED_BY = 'endpointslice.kubernetes.io/managed-by'
const MANAGER = 'endpointslice-controller.k8s.io'
const HEADLESS = 'service.kubernetes.io/headless'
const MOST_ENDPOINTS = 100

/** Wakes the Services that select a Pod, before or after a change of its labels. */
export function servicesOf(services: { list(): Service[] }, pod: Pod, old: Pod | undefined): string[] {
  const selects = ({ metadata, spec }: Service): boolean => {
    if (metadata.namespace !== pod.metadata.namespace || !hasSelector(spec)) return false
    const selector = selectorFromMap(spec.selector!)
    return (
      selector.matches(pod.metadata.labels) || (old !== undefined && selector.matches(old.metadata.labels))
    )
  }
  return services.list().filter(selects).map(objectKey)
}

export const hasSelector = ({ selector, type }: Service['spec']): boolean =>
  type !== 'ExternalName' && Object.keys(selector ?? {}).length > 0

/** The Pods a Service selects. */
export function selectedPods(podsOf: Pod[], { spec }: Service): Pod[] {
  const selector = selectorFromMap(spec.selector ?? {})
  return podsOf.filter(pod => selector.matches(pod.metadata.labels))
}

/** Keeps the EndpointSlices of every Service with a selector. */
export function endpointSliceController({ client, informers }: ControllerContext): Controller {
  const serviceCache = informers.informer(services)
  const podCache = informers.informer(pods)
  const sliceCache = informers.informer(endpointSlices)
  podCache.addIndex('namespace', pod => [pod.metadata.namespace!])
  sliceCache.addIndex('service', ({ metadata }) =>
    metadata.labels?.[MANAGED_BY] === MANAGER
      ? [`${metadata.namespace}/${metadata.labels[SERVICE_NAME]}`]
      : [],
  )
  return {
    name: 'endpointslice',
    watches: [
      { kind: services },
      { kind: pods, keys: (pod, old) => servicesOf(serviceCache, pod, old) },
      {
        kind: endpointSlices,
        keys: ({ metadata }) =>
          metadata.labels?.[MANAGED_BY] === MANAGER
            ? [`${metadata.namespace}/${metadata.labels[SERVICE_NAME]}`]
            : [],
      },
    ],
    async reconcile(key) {
      const service = serviceCache.get(key)
      const there = sliceCache.byIndex('service', key)
      if (!service || !hasSelector(service.spec)) return removeSlices(there)
      if (service.metadata.deletionTimestamp) return
      const candidates = podCache.byIndex('namespace', service.metadata.namespace!)
      const groups = groupEndpoints(service, selectedPods(candidates, service))
      await applySlices(service, wantedSlices(groups), there)
    },
  }

  async function removeSlices(slices: EndpointSlice[]): Promise<void> {
    for (const { metadata } of slices) await client.delete(endpointSlices, metadata).catch(() => {})
  }

  /** Slices that are there are filled again before others are made, so that few watchers have to look at few changes. */
  async function applySlices(
    service: Service,
    wanted: EndpointGroup[],
    there: EndpointSlice[],
  ): Promise<void> {
    const free = [...there]
    for (const group of wanted) {
      const at = free.findIndex(slice => isDeepStrictEqual(portsOf(slice), group.ports))
      const reused = at >= 0 ? free.splice(at, 1)[0] : undefined
      const content = sliceContent(service, group)
      if (!reused) await client.create(endpointSlices, content as never)
      else if (!isSame(reused, content)) {
        const { metadata } = reused
        const next = { ...content, metadata: { ...metadata, labels: content.metadata.labels } }
        await client.update(endpointSlices, next as never)
      }
    }
    await removeSlices(free)
  }
}

/** At most 100 endpoints a slice; a Service without any has one that is empty. */
function wantedSlices(groups: EndpointGroup[]): EndpointGroup[] {
  if (groups.length === 0) return [{ ports: [], endpoints: [] }]
  return groups.flatMap(({ ports, endpoints }) =>
    Array.from({ length: Math.ceil(endpoints.length / MOST_ENDPOINTS) }, (_, i) => ({
      ports,
      endpoints: endpoints.slice(i * MOST_ENDPOINTS, (i + 1) * MOST_ENDPOINTS),
    })),
  )
}

function sliceContent(service: Service, { ports, endpoints }: EndpointGroup) {
  const { name, namespace, labels } = service.metadata
  const headless = service.spec.clusterIP === 'None' ? { [HEADLESS]: '' } : {}
  return {
    apiVersion: 'discovery.k8s.io/v1',
    kind: 'EndpointSlice',
    metadata: {
      generateName: `${name}-`,
      namespace: namespace!,
      labels: { ...labels, [SERVICE_NAME]: name, [MANAGED_BY]: MANAGER, ...headless },
      ownerReferences: [controllerRef(services, service)],
    },
    addressType: 'IPv4',
    ports,
    endpoints,
  }
}

const portsOf = ({ ports }: EndpointSlice): unknown =>
  (ports ?? []).map(({ name = '', port, protocol = 'TCP', appProtocol }) => ({
    name,
    port,
    protocol,
    ...(appProtocol && { appProtocol }),
  }))

const isSame = (slice: EndpointSlice, content: ReturnType<typeof sliceContent>): boolean =>
  isDeepStrictEqual(slice.endpoints ?? [], content.endpoints) &&
  isDeepStrictEqual(slice.metadata.labels, content.metadata.labels)
