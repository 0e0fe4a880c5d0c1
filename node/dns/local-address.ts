import { isIPv6 } from 'node:net'
import { ip, ipForce } from '../../cni/netlink/ip.ts'

/**
 * Puts the cluster's DNS address on the loopback link: the node answers it itself, without translation (whose races lose
 * UDP packets) and without needing any other node. Returns what takes it off.
 */
export async function addLocalAddress(address: string): Promise<() => Promise<void>> {
  const place = `${address}/${isIPv6(address) ? 128 : 32} dev lo`
  await ip([`address replace ${place}`])
  return () => ipForce([`address delete ${place}`])
}
