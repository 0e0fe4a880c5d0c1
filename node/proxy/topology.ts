import type { EndpointModel } from '../../plugins/proxy.ts'
import type { EndpointFacts } from './endpoint-changes.ts'
import type { ServicePortFacts } from './service-changes.ts'

/** Where this node is. */
export interface NodePlace {
  name: string
  zone?: string
}

/** The endpoint part of a model. */
export interface ChosenEndpoints {
  clusterEndpoints: EndpointModel[]
  localEndpoints: EndpointModel[]
  hasEndpoints: boolean
}

const isReady = (endpoint: EndpointFacts): boolean => endpoint.ready
const isDraining = (endpoint: EndpointFacts): boolean => endpoint.serving && endpoint.terminating

/**
 * Chooses the endpoints traffic goes to, as kube-proxy does: ready ones that suit the topology; when there is none at
 * all, those that are terminating and still serve, so that the last Pods of a Service that is rolled or scaled away
 * drop no connection.
 */
export function chooseEndpoints(
  port: ServicePortFacts,
  endpoints: EndpointFacts[],
  node: NodePlace,
): ChosenEndpoints {
  const usesLocal = port.internalLocal || port.externalLocal
  const usesCluster = !port.internalLocal || isExternallyAccessible(port)
  const cluster = usesCluster ? chooseAnywhere(endpoints, node) : []
  const local = usesLocal ? chooseFrom(endpoints.filter(({ isLocal }) => isLocal)) : []
  return {
    clusterEndpoints: cluster.map(toModel),
    localEndpoints: local.map(toModel),
    hasEndpoints: cluster.length > 0 || (usesLocal && chooseFrom(endpoints).length > 0),
  }
}

function isExternallyAccessible(port: ServicePortFacts): boolean {
  return port.nodePort !== undefined || port.externalIPs.length > 0 || port.loadBalancerIPs.length > 0
}

function chooseAnywhere(endpoints: EndpointFacts[], node: NodePlace): EndpointFacts[] {
  const ready = endpoints.filter(isReady)
  return ready.length > 0 ? nearest(ready, node) : endpoints.filter(isDraining)
}

function chooseFrom(endpoints: EndpointFacts[]): EndpointFacts[] {
  const ready = endpoints.filter(isReady)
  return ready.length > 0 ? ready : endpoints.filter(isDraining)
}

/** Hints count only when every ready endpoint has them and one is for this node or zone; else all are used. */
function nearest(ready: EndpointFacts[], { name, zone }: NodePlace): EndpointFacts[] {
  const sameNode = hinted(ready, endpoint => endpoint.nodeHints, name)
  return sameNode ?? (zone ? hinted(ready, endpoint => endpoint.zoneHints, zone) : undefined) ?? ready
}

function hinted(
  ready: EndpointFacts[],
  hints: (endpoint: EndpointFacts) => string[],
  place: string,
): EndpointFacts[] | undefined {
  if (ready.some(endpoint => hints(endpoint).length === 0)) return undefined
  const matching = ready.filter(endpoint => hints(endpoint).includes(place))
  return matching.length > 0 ? matching : undefined
}

const toModel = ({ address, port, isLocal }: EndpointFacts): EndpointModel => ({ address, port, isLocal })
