import { canonicalAddress } from '../../../cni/netlink/attributes.ts'
import { ip, ipForce, ipQuery } from '../../../cni/netlink/ip.ts'

/** The link that has the Services' addresses, so that the kernel takes their packets for its own. */
export const LINK = 'skiff-ipvs0'

export async function ensureLink(): Promise<void> {
  if ((await ipQuery(['link', 'show', 'dev', LINK])).length > 0) return
  await ip([`link add ${LINK} type dummy`, `link set ${LINK} alias "Kubernetes Services, made by skiff"`])
}

export async function linkAddresses(): Promise<string[]> {
  const [link] = await ipQuery<{ addr_info?: { local: string }[] }>(['address', 'show', 'dev', LINK])
  return (link?.addr_info ?? []).map(({ local }) => canonicalAddress(local))
}

/** Puts addresses on and takes others off, in one batch. */
export async function changeAddresses(add: string[], remove: string[]): Promise<void> {
  const place = (address: string): string => `${address}/${address.includes(':') ? 128 : 32} dev ${LINK}`
  await ip([
    ...add.map(address => `address replace ${place(address)}`),
    ...remove.map(address => `address delete ${place(address)}`),
  ])
}

export const removeLink = (): Promise<void> => ipForce([`link delete ${LINK}`])
