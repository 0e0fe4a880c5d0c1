import { canonicalAddress } from '../../../cni/netlink/attributes.ts'
import type { EndpointModel } from '../../../plugins/proxy.ts'
import type { Destination, Ipvs, VirtualServer } from './netlink.ts'
import { serverId, type WantedServer } from './virtual-servers.ts'

const endpointId = ({ address, port }: { address: string; port: number }): string =>
  `${canonicalAddress(address)} ${port}`

/** Makes the kernel's destinations of a server equal to its endpoints. Removed ones drain; `drain` hears of them. */
export async function setServer(
  ipvs: Ipvs,
  server: WantedServer,
  known: VirtualServer | undefined,
  drain: (server: VirtualServer) => void,
): Promise<void> {
  if (!known || known.affinityTimeout !== server.affinityTimeout)
    await ipvs.setServer(server, known === undefined)
  const listed = known ? await ipvs.listDestinations(server) : []
  const there = new Map(listed.map(destination => [endpointId(destination), destination]))
  for (const endpoint of server.endpoints)
    await addDestination(ipvs, server, endpoint, there.get(endpointId(endpoint)))
  const wanted = new Set(server.endpoints.map(endpointId))
  for (const destination of listed) {
    if (!wanted.has(endpointId(destination))) await endDestination(ipvs, server, destination, drain)
  }
}

async function addDestination(
  ipvs: Ipvs,
  server: VirtualServer,
  { address, port }: EndpointModel,
  known: Destination | undefined,
): Promise<void> {
  if (known?.weight === 1) return
  await ipvs.setDestination(server, { address, port, weight: 1 }, known === undefined)
}

/** TCP connections go on to their end at weight 0; UDP has no end to wait for. */
async function endDestination(
  ipvs: Ipvs,
  server: VirtualServer,
  destination: Destination & { connections: number },
  drain: (server: VirtualServer) => void,
): Promise<void> {
  if (server.protocol === 'UDP' || destination.connections === 0) {
    await ipvs.deleteDestination(server, destination)
    return
  }
  if (destination.weight !== 0) await ipvs.setDestination(server, { ...destination, weight: 0 }, false)
  drain(server)
}

/** Deletes drained destinations; true when none is left that drains. */
export async function reap(ipvs: Ipvs, server: VirtualServer): Promise<boolean> {
  const draining = (await ipvs.listDestinations(server)).filter(({ weight }) => weight === 0)
  const done = draining.filter(({ connections }) => connections === 0)
  for (const destination of done) await ipvs.deleteDestination(server, destination)
  return done.length === draining.length
}

/** Servers of the kernel that are ours, by id: those on addresses of our link and of the node. */
export async function ownServers(ipvs: Ipvs, addresses: string[]): Promise<Map<string, VirtualServer>> {
  const own = new Set(addresses.map(canonicalAddress))
  const servers = await ipvs.listServers()
  return new Map(servers.filter(({ address }) => own.has(address)).map(server => [serverId(server), server]))
}
