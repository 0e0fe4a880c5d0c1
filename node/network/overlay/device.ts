import { createHash } from 'node:crypto'
import { Address4 } from 'ip-address'
import type { Link } from '../../../cni/netlink/link.ts'
import type { Netlink } from '../../../cni/netlink/netlink.ts'
import type { NetworkSelf } from '../../../plugins/network.ts'

export const DEVICE = 'skiff.vxlan'
const MARK = 'skiff'
const VNI = 1
const PORT = 8472
/** Bytes a VXLAN packet is larger than what is in it (outer Ethernet, IPv4, UDP, VXLAN). */
const OVERHEAD = 50

/** A node's end of the overlay. */
export interface OverlayDevice {
  index: number
  /** What fits through it. */
  mtu: number
  /** Name of the link it sends through. */
  underlay: string
}

/** The hardware address of a node's end of the overlay: known to everybody from its own address. */
export function vtepMac(address: string): string {
  const digest = createHash('sha256').update(address).digest()
  return ['02', ...[...digest.subarray(0, 5)].map(byte => byte.toString(16).padStart(2, '0'))].join(':')
}

/** The first address of a node's range is its end of the overlay. */
export const vtepAddress = (podCIDR: string): string => new Address4(podCIDR).startAddress().address

/** Makes the device, or mends it: another underlay, size or address than is wanted now does not stay. */
export async function ensureDevice(netlink: Netlink, self: NetworkSelf): Promise<OverlayDevice> {
  const { links } = netlink
  const underlay = await findUnderlay(netlink, self.address)
  const mtu = underlay.mtu - OVERHEAD
  const spec = { id: VNI, port: PORT, local: self.address, link: underlay.index, learning: false }
  const mac = vtepMac(self.address)
  const there = await links.get(DEVICE)
  const isRight = there?.mac === mac && JSON.stringify(there.vxlan) === JSON.stringify(spec)
  if (there && !isRight) await links.delete(there.index)
  if (!isRight) {
    await links.create({ kind: 'vxlan', name: DEVICE, mac, mtu, ...spec })
    await links.set(DEVICE, { alias: MARK })
  }
  if (!isRight || !there.isUp || there.mtu !== mtu) await links.set(DEVICE, { mtu, up: true })
  const index = await links.indexOf(DEVICE)
  await setAddress(netlink, index, self.podCIDR)
  return { index, mtu, underlay: underlay.name }
}

/** The link that has the node's address. */
async function findUnderlay({ links, addresses }: Netlink, address: string): Promise<Link> {
  const found = (await addresses.list()).find(given => given.address.split('/')[0] === address)
  const link = found && (await links.get(found.link))
  if (link) return link
  const names = (await links.list()).map(({ name }) => name).join(', ')
  throw new Error(`nodeAddress ${address} is on none of this machine's interfaces (${names})`)
}

async function setAddress({ addresses }: Netlink, link: number, podCIDR: string | undefined): Promise<void> {
  const wanted = podCIDR && `${vtepAddress(podCIDR)}/32`
  const there = (await addresses.list({ link })).map(({ address }) => address)
  for (const address of there) {
    if (address !== wanted && !address.includes(':')) await addresses.delete(link, address)
  }
  if (wanted && !there.includes(wanted)) await addresses.add(link, wanted)
}
