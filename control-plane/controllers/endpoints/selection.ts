import { isDeepStrictEqual } from 'node:util'
import type { Informer } from '../../../api/client/client.ts'
import type { Pod, Service } from '../../../api/kinds/types.ts'
import { objectKey } from '../../../api/meta/object.ts'
import { type Selector, selectorFromMap } from '../../../api/meta/selectors.ts'
import { isReady } from '../pod-facts.ts'

const selectors = new WeakMap<Service, Selector>()

function selectorOf(service: Service): Selector {
  const known = selectors.get(service)
  if (known) return known
  const selector = selectorFromMap(service.spec.selector ?? {})
  selectors.set(service, selector)
  return selector
}

/** Services without a selector, and names of something outside, have endpoints of somebody else's making or none. */
export const hasSelector = ({ spec: { selector, type } }: Service): boolean =>
  type !== 'ExternalName' && Object.keys(selector ?? {}).length > 0

const INDEX = 'namespace'

/** Lets {@link servicesOf} and {@link selectedPods} look at one namespace only. */
export function indexByNamespace(informer: Informer<any>): void {
  informer.addIndex(INDEX, object => [object.metadata.namespace])
}

/** The Pods a Service selects. */
export function selectedPods(pods: Informer<Pod>, service: Service): Pod[] {
  const selector = selectorOf(service)
  return pods
    .byIndex(INDEX, service.metadata.namespace!)
    .filter(({ metadata }) => selector.matches(metadata.labels))
}

/** Keys of the Services that a change of a Pod concerns. Most changes of a Pod are none to its endpoint. */
export function servicesOf(services: Informer<Service>, pod: Pod, old: Pod | undefined): string[] {
  const hasSameLabels = old !== undefined && isDeepStrictEqual(pod.metadata.labels, old.metadata.labels)
  if (hasSameLabels && isDeepStrictEqual(endpointFacts(pod), endpointFacts(old))) return []
  return services
    .byIndex(INDEX, pod.metadata.namespace!)
    .filter(service => {
      if (!hasSelector(service)) return false
      const selector = selectorOf(service)
      return selector.matches(pod.metadata.labels) || (old && selector.matches(old.metadata.labels))
    })
    .map(objectKey)
}

/** All of a Pod that its endpoint is made of. */
const endpointFacts = (pod: Pod): unknown[] => [
  pod.metadata.uid,
  pod.metadata.deletionTimestamp,
  pod.status?.podIP,
  pod.status?.phase,
  isReady(pod),
  pod.spec.nodeName,
]
