import { canonicalAddress } from '../../../cni/netlink/attributes.ts'
import { withNetlink } from '../../../cni/netlink/netlink.ts'

/** The link that has the Services' addresses, so that the kernel takes their packets for its own. */
export const LINK = 'skiff-ipvs0'
const ALIAS = 'Kubernetes Services, made by skiff'

export async function ensureLink(): Promise<void> {
  await withNetlink(undefined, async ({ links }) => {
    if (await links.create({ kind: 'dummy', name: LINK })) await links.set(LINK, { alias: ALIAS })
  })
}

export async function linkAddresses(): Promise<string[]> {
  const there = await withNetlink(undefined, ({ addresses }) => addresses.list({ link: LINK }))
  return there.map(({ address }) => canonicalAddress(address.split('/')[0]!))
}

export async function changeAddresses(add: string[], remove: string[]): Promise<void> {
  if (add.length + remove.length === 0) return
  await withNetlink(undefined, async ({ links, addresses }) => {
    const link = await links.indexOf(LINK)
    for (const address of add) await addresses.add(link, address)
    for (const address of remove) await addresses.delete(link, address)
  })
}

export async function removeLink(): Promise<void> {
  await withNetlink(undefined, ({ links }) => links.delete(LINK))
}
