import { isDeepStrictEqual } from 'node:util'
import type { Controller } from '../../../api/client/controller.ts'
import { endpoints, pods, services } from '../../../api/kinds/core.ts'
import type { Endpoints, Service } from '../../../api/kinds/types.ts'
import { isNotFound } from '../../../api/meta/status.ts'
import type { ControllerContext } from '../context.ts'
import { groupEndpoints } from './model.ts'
import { hasSelector, indexByNamespace, selectedPods, servicesOf } from './selection.ts'
import { type Subset, toSubsets, truncateSubsets } from './subsets.ts'
import { createTriggerTimes, withTriggerTime } from './trigger-times.ts'

const MANAGED_BY = 'endpoints.kubernetes.io/managed-by'
const HEADLESS = 'service.kubernetes.io/headless'
const OVER_CAPACITY = 'endpoints.kubernetes.io/over-capacity'
const TRUNCATED = 'truncated'

/** Keeps the Endpoints object of every Service with a selector, for clients that do not know EndpointSlices. */
export function endpointsController({ client, informers }: ControllerContext): Controller {
  const serviceCache = informers.informer(services)
  const podCache = informers.informer(pods)
  const cache = informers.informer(endpoints)
  const triggerTimes = createTriggerTimes()
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
        triggerTimes.forget(key)
        if (there?.metadata.labels?.[MANAGED_BY])
          await client.delete(endpoints, there.metadata).catch(ignoreNotFound)
        return
      }
      if (!hasSelector(service) || service.metadata.deletionTimestamp) return
      const own = selectedPods(podCache, service)
      const time = triggerTimes.next(service, own)
      await write(service, there, toSubsets(groupEndpoints(service, own)), time)
    },
  }

  async function write(
    service: Service,
    there: Endpoints | undefined,
    all: Subset[],
    time: string | undefined,
  ): Promise<void> {
    const { name, namespace, labels } = service.metadata
    const headless = service.spec.clusterIP === 'None' ? { [HEADLESS]: '' } : {}
    const wanted = { ...labels, ...headless, [MANAGED_BY]: 'endpoint-controller' }
    const { subsets, isTruncated } = truncateSubsets(all)
    const { [OVER_CAPACITY]: overCapacity, ...others } = there?.metadata.annotations ?? {}
    if (
      there &&
      isDeepStrictEqual(there.subsets ?? [], subsets) &&
      isDeepStrictEqual(there.metadata.labels, wanted) &&
      isTruncated === (overCapacity === TRUNCATED)
    ) {
      return
    }
    const known = isTruncated ? { ...others, [OVER_CAPACITY]: TRUNCATED } : others
    const annotations = withTriggerTime(known, time)
    const object = {
      apiVersion: 'v1',
      kind: 'Endpoints',
      metadata: { ...(there?.metadata ?? { name, namespace: namespace! }), labels: wanted, annotations },
      subsets,
    }
    await (there ? client.update(endpoints, object as never) : client.create(endpoints, object as never))
  }
}

function ignoreNotFound(error: unknown): void {
  if (!isNotFound(error)) throw error
}
