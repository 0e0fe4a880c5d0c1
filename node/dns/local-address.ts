import { withNetlink } from '../../cni/netlink/netlink.ts'

/**
 * Puts the cluster's DNS address on the loopback link: the node answers it itself, without translation (whose races lose
 * UDP packets) and without needing any other node. Returns what takes it off.
 */
export async function addLocalAddress(address: string): Promise<() => Promise<void>> {
  await withNetlink(undefined, ({ addresses }) => addresses.add('lo', address))
  return () => withNetlink(undefined, async ({ addresses }) => void (await addresses.delete('lo', address)))
}
