import { isDeepStrictEqual } from 'node:util'
import type { EndpointSlice } from '../../../api/kinds/types.ts'
import type { Endpoint, EndpointGroup, EndpointPort } from './model.ts'

/** Most endpoints a slice takes. */
export const MOST_ENDPOINTS = 100

/** What an EndpointSlice holds. `slice` is the one it is in already; undefined for one that is to be made. */
export interface Packed {
  slice: EndpointSlice | undefined
  ports: EndpointPort[]
  endpoints: Endpoint[]
}

/** How the slices of a Service come to hold what they should. `keep` ones need no write unless their labels differ. */
export interface PackingPlan {
  keep: Packed[]
  write: Packed[]
  remove: EndpointSlice[]
}

/**
 * Puts endpoints into slices with as few writes as it can: an endpoint stays in the slice it is in, new ones go where
 * something changes anyway, then to the fullest that has room. Slices that become empty are used again or removed; a
 * Service without any endpoint keeps one empty slice. Pure.
 */
export function packSlices(groups: readonly EndpointGroup[], there: readonly EndpointSlice[]): PackingPlan {
  const packed = groups.flatMap(group =>
    packGroup(
      group,
      there.filter(slice => isDeepStrictEqual(portsOf(slice), group.ports)),
    ),
  )
  const filled = packed.filter(({ endpoints }) => endpoints.length > 0)
  if (filled.length === 0) filled.push({ slice: undefined, ports: [], endpoints: [] })
  const used = new Set(filled.map(({ slice }) => slice))
  const free = there.filter(slice => !used.has(slice))
  for (const each of filled) each.slice ??= free.shift()
  const isSame = ({ slice, ports, endpoints }: Packed): boolean =>
    slice !== undefined &&
    isDeepStrictEqual(portsOf(slice), ports) &&
    isDeepStrictEqual(slice.endpoints ?? [], endpoints)
  return { keep: filled.filter(isSame), write: filled.filter(each => !isSame(each)), remove: free }
}

function packGroup({ ports, endpoints }: EndpointGroup, slices: EndpointSlice[]): Packed[] {
  const missing = new Map(endpoints.map(endpoint => [idOf(endpoint), endpoint]))
  const packed = slices.map((slice): Packed & { isChanged: boolean } => {
    const kept = (slice.endpoints ?? []).flatMap(before => {
      const now = missing.get(idOf(before))
      return now && missing.delete(idOf(now)) ? [now] : []
    })
    return { slice, ports, endpoints: kept, isChanged: !isDeepStrictEqual(kept, slice.endpoints ?? []) }
  })
  packed.sort((a, b) => Number(b.isChanged) - Number(a.isChanged) || b.endpoints.length - a.endpoints.length)
  const rest = [...missing.values()]
  for (const { endpoints: own } of packed) own.push(...rest.splice(0, MOST_ENDPOINTS - own.length))
  const made: Packed[] = []
  while (rest.length > 0) made.push({ slice: undefined, ports, endpoints: rest.splice(0, MOST_ENDPOINTS) })
  return [...packed, ...made]
}

/** Two endpoints of one Pod and address are the same one, whatever its state. */
const idOf = ({ addresses, targetRef }: { addresses: string[]; targetRef?: { uid?: string } }): string =>
  `${addresses[0]} ${targetRef?.uid}`

const portsOf = ({ ports }: EndpointSlice): EndpointPort[] =>
  (ports ?? []).map(({ name = '', port, protocol = 'TCP', appProtocol }) => ({
    name,
    port: port!,
    protocol,
    ...(appProtocol && { appProtocol }),
  }))
