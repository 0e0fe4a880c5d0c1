import type { Endpoint, EndpointGroup, EndpointPort } from './model.ts'

/** Most addresses that an Endpoints object takes. */
const MOST_ADDRESSES = 1_000

interface Address {
  ip: string
  targetRef: { uid: string }
}

/** Addresses that have the same ports, as an Endpoints object tells of them. */
export interface Subset {
  addresses?: Address[]
  notReadyAddresses?: Address[]
  ports?: object[]
}

/** Every port with those it leads to: ports that lead to the same addresses share a subset. */
export function toSubsets(groups: readonly EndpointGroup[]): Subset[] {
  const byPort = new Map<string, { port: EndpointPort | undefined; endpoints: Endpoint[] }>()
  for (const { ports, endpoints } of groups) {
    for (const port of ports.length > 0 ? ports : [undefined]) {
      const key = JSON.stringify(port) ?? ''
      const entry = byPort.get(key) ?? { port, endpoints: [] }
      entry.endpoints.push(...endpoints)
      byPort.set(key, entry)
    }
  }
  const byAddresses = new Map<string, Subset>()
  for (const { port, endpoints } of byPort.values()) {
    const subset = addressesOf(endpoints)
    if (!subset) continue
    const key = JSON.stringify(subset)
    const { ports = [] } = byAddresses.get(key) ?? {}
    if (port) ports.push(port.name ? port : { ...port, name: undefined })
    byAddresses.set(key, { ...subset, ...(ports.length > 0 && { ports }) })
  }
  return JSON.parse(JSON.stringify([...byAddresses.values()]))
}

/** None for Pods that all are going. */
function addressesOf(endpoints: readonly Endpoint[]): Subset | undefined {
  const ready = endpoints.filter(({ conditions }) => conditions.ready).map(toAddress)
  const others = endpoints.filter(({ conditions }) => !conditions.ready && !conditions.terminating)
  const notReady = others.map(toAddress)
  if (ready.length + notReady.length === 0) return undefined
  return {
    ...(ready.length > 0 && { addresses: ready.sort(byAddress) }),
    ...(notReady.length > 0 && { notReadyAddresses: notReady.sort(byAddress) }),
  }
}

const toAddress = ({ addresses, nodeName, targetRef, hostname }: Endpoint): Address => ({
  ip: addresses[0]!,
  ...(hostname && { hostname }),
  ...(nodeName && { nodeName }),
  targetRef,
})

const sortKey = ({ ip, targetRef }: Address): string => `${ip} ${targetRef.uid}`
const byAddress = (a: Address, b: Address): number => (sortKey(a) < sortKey(b) ? -1 : 1)

/**
 * No more addresses than fit: ready ones first, of each subset its share. The same subsets where all fit.
 * @returns whether some had to be left out
 */
export function truncateSubsets(subsets: readonly Subset[]): { subsets: Subset[]; isTruncated: boolean } {
  const count = (key: 'addresses' | 'notReadyAddresses'): number =>
    subsets.reduce((sum, subset) => sum + (subset[key]?.length ?? 0), 0)
  const ready = count('addresses')
  const notReady = count('notReadyAddresses')
  if (ready + notReady <= MOST_ADDRESSES) return { subsets: [...subsets], isTruncated: false }
  const isReadyCut = ready > MOST_ADDRESSES
  const most = isReadyCut ? MOST_ADDRESSES : MOST_ADDRESSES - ready
  const total = isReadyCut ? ready : notReady
  let left = most
  const cut = (addresses: Address[] = []): Address[] => {
    const share = Math.min(left, Math.ceil((addresses.length / total) * most))
    left -= share
    return addresses.slice(0, share)
  }
  return {
    isTruncated: true,
    subsets: subsets.map(({ addresses, notReadyAddresses, ...rest }) => {
      if (isReadyCut) return { addresses: cut(addresses), ...rest }
      const kept = cut(notReadyAddresses)
      return { ...(addresses && { addresses }), ...(kept.length > 0 && { notReadyAddresses: kept }), ...rest }
    }),
  }
}
