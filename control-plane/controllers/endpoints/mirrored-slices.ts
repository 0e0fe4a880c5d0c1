import { isIP } from 'node:net'
import type { EndpointSlice, Endpoints } from '../../../api/kinds/types.ts'

/** Upstream's `--mirroring-max-endpoints-per-subset`. */
const MOST_ADDRESSES = 1000

type Subset = NonNullable<Endpoints['subsets']>[number]
type Address = NonNullable<Subset['addresses']>[number]
type Port = NonNullable<Subset['ports']>[number]

/** What an EndpointSlice is to say of those addresses of an Endpoints object that have the same ports. */
export interface MirroredSlice {
  addressType: 'IPv4' | 'IPv6'
  ports: NonNullable<EndpointSlice['ports']>
  endpoints: EndpointSlice['endpoints']
}

interface Known {
  address: Address
  ready: boolean
  ports: Map<string, Port>
}

/** Splits an Endpoints object into slices: one for each set of ports and each family of addresses. */
export function mirrorSubsets(subsets: readonly Subset[]): MirroredSlice[] {
  const slices = new Map<string, MirroredSlice>()
  for (const { address, ready, ports: byKey } of knownAddresses(subsets)) {
    const addressType = isIP(address.ip) === 6 ? 'IPv6' : 'IPv4'
    const ports = [...byKey].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, port]) => slicePort(port))
    const slice = { addressType, ports, endpoints: [] } as MirroredSlice
    const key = sliceKey(slice)
    const { endpoints } = slices.get(key) ?? slice
    if (!slices.has(key)) slices.set(key, slice)
    if (endpoints.length < MOST_ADDRESSES) endpoints.push(endpointOf(address, ready))
  }
  return [...slices.values()]
}

/** Tells slices with other ports, or of another family, apart. */
export function sliceKey({ addressType, ports }: Pick<EndpointSlice, 'addressType' | 'ports'>): string {
  const parts = (ports ?? []).map(({ name, port, protocol, appProtocol }) =>
    JSON.stringify([name ?? '', port, protocol ?? 'TCP', appProtocol ?? '']),
  )
  return [addressType, ...parts.sort()].join()
}

/** The addresses, each with all ports that any subset gives it. */
function knownAddresses(subsets: readonly Subset[]): Iterable<Known> {
  const known = new Map<string, Known>()
  for (const { addresses = [], notReadyAddresses = [], ports = [] } of subsets) {
    const all = [
      ...addresses.map(of => ({ of, ready: true })),
      ...notReadyAddresses.map(of => ({ of, ready: false })),
    ]
    for (const { of, ready } of all) {
      if (isIP(of.ip) === 0) continue
      const key = JSON.stringify([of.ip, of.targetRef?.uid, ready])
      const entry: Known = known.get(key) ?? { address: of, ready, ports: new Map() }
      for (const port of ports) entry.ports.set(JSON.stringify([port.name, port.port, port.protocol]), port)
      known.set(key, entry)
    }
  }
  return known.values()
}

const slicePort = ({
  name = '',
  port,
  protocol = 'TCP',
  appProtocol,
}: Port): MirroredSlice['ports'][number] => ({
  name,
  port,
  protocol,
  ...(appProtocol !== undefined && { appProtocol }),
})

function endpointOf(
  { ip, hostname, nodeName, targetRef }: Address,
  ready: boolean,
): MirroredSlice['endpoints'][number] {
  return {
    addresses: [ip],
    conditions: { ready },
    ...(hostname && { hostname }),
    ...(nodeName && { nodeName }),
    ...(targetRef && { targetRef }),
  }
}
