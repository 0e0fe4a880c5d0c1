import type { Informer } from '../../api/client/client.ts'
import type { Endpoint, EndpointSlice } from '../../api/kinds/types.ts'
import type { ServicePortFacts } from './service-changes.ts'

/** An endpoint of one Service port with all that decides whether it is used. */
export interface EndpointFacts {
  address: string
  port: number
  isLocal: boolean
  /** Takes new connections. */
  ready: boolean
  /** Answers, though it may be on its way out. */
  serving: boolean
  terminating: boolean
  /** Zones and nodes that should prefer it. */
  zoneHints: string[]
  nodeHints: string[]
}

const SERVICE_NAME_LABEL = 'kubernetes.io/service-name'
const INDEX = 'service'

/** `namespace/name` of the Service a slice belongs to; undefined for a slice of nobody. */
export function serviceOfSlice({ metadata }: EndpointSlice): string | undefined {
  const name = metadata.labels?.[SERVICE_NAME_LABEL]
  return name ? `${metadata.namespace}/${name}` : undefined
}

/** Gives slices by Service (`namespace/name`). May be called several times for one informer. */
export function indexSlicesByService(slices: Informer<EndpointSlice>): (service: string) => EndpointSlice[] {
  slices.addIndex(INDEX, slice => [serviceOfSlice(slice) ?? ''])
  return service => slices.byIndex(INDEX, service)
}

/**
 * The endpoints of one Service port. An endpoint may be in two slices while a controller moves it: it counts once, and
 * the state that lets it be used wins.
 */
export function endpointsOfPort(
  port: Pick<ServicePortFacts, 'portName' | 'protocol' | 'family'>,
  slices: EndpointSlice[],
  nodeName: string,
): EndpointFacts[] {
  const found = new Map<string, EndpointFacts>()
  for (const slice of slices) {
    if (slice.addressType !== port.family) continue
    const number = portNumber(port, slice)
    if (number === undefined) continue
    for (const endpoint of slice.endpoints ?? []) {
      const facts = endpointFacts(endpoint, number, nodeName)
      if (!facts) continue
      const id = `${facts.address} ${facts.port}`
      const known = found.get(id)
      if (!known || rank(facts) > rank(known)) found.set(id, facts)
    }
  }
  return [...found.values()].sort(byAddress)
}

function portNumber(port: Pick<ServicePortFacts, 'portName' | 'protocol'>, slice: EndpointSlice) {
  const match = slice.ports?.find(
    ({ name, protocol }) => (name ?? '') === port.portName && (protocol ?? 'TCP') === port.protocol,
  )
  return match?.port
}

/** Only the first address counts: all addresses of an endpoint are the same Pod. */
function endpointFacts(endpoint: Endpoint, port: number, nodeName: string): EndpointFacts | undefined {
  const address = endpoint.addresses?.[0]
  if (!address) return undefined
  const { conditions } = endpoint
  const hints = endpoint.hints as { forZones?: { name: string }[]; forNodes?: { name: string }[] } | undefined
  const ready = conditions?.ready ?? true
  return {
    address,
    port,
    isLocal: endpoint.nodeName === nodeName,
    ready,
    serving: conditions?.serving ?? ready,
    terminating: conditions?.terminating ?? false,
    zoneHints: (hints?.forZones ?? []).map(({ name }) => name),
    nodeHints: (hints?.forNodes ?? []).map(({ name }) => name),
  }
}

const rank = ({ ready, serving }: EndpointFacts): number => (ready ? 2 : 0) + (serving ? 1 : 0)

function byAddress(a: EndpointFacts, b: EndpointFacts): number {
  return a.address < b.address ? -1 : a.address > b.address ? 1 : a.port - b.port
}
