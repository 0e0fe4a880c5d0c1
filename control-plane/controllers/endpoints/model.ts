import type { Pod, Service } from '../../../api/kinds/types.ts'
import { isReady, isTerminal } from '../pod-facts.ts'

/** A Pod behind a Service, in an EndpointSlice's words. */
export interface Endpoint {
  addresses: string[]
  conditions: { ready: boolean; serving: boolean; terminating: boolean }
  targetRef: { kind: 'Pod'; name: string; namespace: string; uid: string }
  nodeName?: string
  zone?: string
  hostname?: string
}

export interface EndpointPort {
  name: string
  port: number
  protocol: string
  appProtocol?: string
}

/** Endpoints that have the same ports. */
export interface EndpointGroup {
  ports: EndpointPort[]
  endpoints: Endpoint[]
}

/** The Pods of a Service as endpoints, grouped by the ports they resolve to (named ports may differ among Pods). */
export function groupEndpoints(
  service: Service,
  pods: readonly Pod[],
  zoneOf: (nodeName: string) => string | undefined = () => undefined,
): EndpointGroup[] {
  const groups = new Map<string, EndpointGroup>()
  for (const pod of pods) {
    const endpoint = toEndpoint(service, pod, zoneOf)
    const ports = endpoint && resolvePorts(service, pod)
    if (!endpoint || !ports) continue
    const key = JSON.stringify(ports)
    const group = groups.get(key) ?? { ports, endpoints: [] }
    group.endpoints.push(endpoint)
    groups.set(key, group)
  }
  for (const { endpoints } of groups.values()) {
    endpoints.sort((a, b) => (a.targetRef.name < b.targetRef.name ? -1 : 1))
  }
  return [...groups.values()]
}

function toEndpoint(
  { spec, metadata }: Service,
  pod: Pod,
  zoneOf: (nodeName: string) => string | undefined,
): Endpoint | undefined {
  const address = pod.status?.podIP
  if (!address || isTerminal(pod)) return undefined
  const terminating = Boolean(pod.metadata.deletionTimestamp)
  const serving = isReady(pod)
  const { hostname, subdomain, nodeName } = pod.spec
  const zone = nodeName && zoneOf(nodeName)
  return {
    addresses: [address],
    conditions: { ready: spec.publishNotReadyAddresses || (serving && !terminating), serving, terminating },
    targetRef: {
      kind: 'Pod',
      name: pod.metadata.name,
      namespace: pod.metadata.namespace!,
      uid: pod.metadata.uid!,
    },
    ...(nodeName && { nodeName }),
    ...(zone && { zone }),
    ...(hostname && subdomain === metadata.name && { hostname }),
  }
}

function resolvePorts({ spec }: Service, pod: Pod): EndpointPort[] | undefined {
  const ports = (spec.ports ?? []).flatMap(
    ({ name = '', protocol = 'TCP', targetPort, port, appProtocol }): EndpointPort[] => {
      const number = findPort(pod, (targetPort ?? port) as string | number, protocol)
      return number === undefined
        ? []
        : [{ name, port: number, protocol, ...(appProtocol && { appProtocol }) }]
    },
  )
  const isHeadlessWithoutPorts = spec.clusterIP === 'None' && (spec.ports ?? []).length === 0
  return ports.length > 0 || isHeadlessWithoutPorts ? ports : undefined
}

function findPort({ spec }: Pod, target: string | number, protocol: string): number | undefined {
  if (typeof target === 'number') return target
  return spec.containers
    .flatMap(({ ports }) => ports ?? [])
    .find(port => port.name === target && (port.protocol ?? 'TCP') === protocol)?.containerPort
}
