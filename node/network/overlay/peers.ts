import type { Netlink } from '../../../cni/netlink/netlink.ts'
import type { NetworkPeer, NetworkSelf } from '../../../plugins/network.ts'
import { vtepAddress, vtepMac } from './device.ts'

/**
 * Makes the kernel's routes, neighbours and forwarding entries over the device those of the peers. It is compared with
 * what the kernel has: what an earlier instance left, or somebody else changed, is mended too.
 */
export async function programPeers(
  netlink: Netlink,
  link: number,
  self: NetworkSelf,
  peers: NetworkPeer[],
): Promise<void> {
  const routes = new Map(peers.map(({ podCIDR }) => [podCIDR, vtepAddress(podCIDR)]))
  const macs = new Map(peers.map(({ podCIDR, address }) => [vtepAddress(podCIDR), vtepMac(address)]))
  const machines = new Map(peers.map(({ address }) => [vtepMac(address), address]))
  await setForwarding(netlink, link, machines)
  await setNeighbours(netlink, link, macs)
  await setRoutes(netlink, link, self, routes)
}

/** Behind which machine a hardware address is. */
async function setForwarding(
  { forwarding }: Netlink,
  link: number,
  machines: Map<string, string>,
): Promise<void> {
  const there = await forwarding.list(link)
  for (const entry of there) {
    if (machines.get(entry.mac) !== entry.machine) await forwarding.delete(entry)
  }
  const right = new Set(there.map(({ mac, machine, isPermanent }) => isPermanent && `${mac} ${machine}`))
  for (const [mac, machine] of machines) {
    if (!right.has(`${mac} ${machine}`)) await forwarding.replace({ link, mac, machine })
  }
}

/** Which hardware address a peer's end of the overlay has. */
async function setNeighbours(
  { neighbours }: Netlink,
  link: number,
  macs: Map<string, string>,
): Promise<void> {
  const there = (await neighbours.list(link)).filter(({ address }) => !address.includes(':'))
  for (const { address } of there) {
    if (!macs.has(address)) await neighbours.delete({ link, address })
  }
  const right = new Set(there.map(({ address, mac, isPermanent }) => isPermanent && `${address} ${mac}`))
  for (const [address, mac] of macs) {
    if (!right.has(`${address} ${mac}`)) await neighbours.replace({ link, address, mac })
  }
}

/** A node without Pods uses its own address as source, so that answers find it. */
async function setRoutes(
  { routes }: Netlink,
  link: number,
  self: NetworkSelf,
  gateways: Map<string, string>,
): Promise<void> {
  const source = self.podCIDR ? {} : { source: self.address }
  const there = (await routes.list({ link })).filter(({ to }) => !to.includes(':'))
  for (const route of there) {
    if (!gateways.has(route.to)) await routes.delete(route)
  }
  const right = new Set(there.map(({ to, via, onlink, source }) => onlink && [to, via, source].join(' ')))
  for (const [to, via] of gateways) {
    if (right.has([to, via, source.source].join(' '))) continue
    await routes.replace({ to, via, link, onlink: true, ...source })
  }
}
