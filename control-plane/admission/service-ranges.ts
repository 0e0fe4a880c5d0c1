import { randomInt } from 'node:crypto'
import { Address4 } from 'ip-address'
import type { InformerFactory } from '../../api/client/client.ts'
import { serviceCidrs } from '../../api/kinds/networking.ts'
import type { ApiObject } from '../../api/meta/object.ts'

/** The networks that Services have their addresses from, at the moment. */
export type Ranges = () => Address4[]

/** Of a network up to this size every address is tried, of a larger one so many. */
const MOST_TRIES = 256

/**
 * The network the server was started with, and those of ServiceCIDRs that are ready (KEP-1880). As upstream, one of which
 * nobody has said anything is.
 */
export function serviceRanges(informers: InformerFactory, serviceCIDR: string): Ranges {
  const cache = informers.informer(serviceCidrs)
  const own = new Address4(serviceCIDR)
  return () => {
    const others = cache.list().filter(isReady).flatMap(networksOf)
    return [own, ...others.filter(cidr => cidr !== serviceCIDR).map(cidr => new Address4(cidr))]
  }
}

function isReady({ metadata, status }: ApiObject): boolean {
  if (metadata.deletionTimestamp) return false
  const conditions: { type: string; status: string }[] = status?.conditions ?? []
  return conditions.find(({ type }) => type === 'Ready')?.status !== 'False'
}

/** Those that Services can have addresses of. */
const networksOf = ({ spec }: ApiObject): string[] =>
  (spec?.cidrs ?? []).filter((cidr: string) => Address4.isValid(cidr))

/**
 * Addresses to try, counted from the first one of the network, which like the last one is nobody's. What is at the
 * beginning is left for Services that ask for it (KEP-3070) and comes last.
 */
export function* offsets(range: Address4): Generator<number> {
  const size = Number(range.endAddress().bigInt() - range.startAddress().bigInt()) + 1
  const reserved = Math.min(Math.max(16, Math.floor(size / 16)), 256)
  const upper = size > reserved + 2 ? reserved : 1
  yield* around(upper, size - 1)
  yield* around(1, upper)
}

/** From somewhere within [start, end) to where it began. */
function* around(start: number, end: number): Generator<number> {
  const count = end - start
  if (count <= 0) return
  if (count > MOST_TRIES) {
    for (let i = 0; i < MOST_TRIES; i++) yield randomInt(start, end)
    return
  }
  const first = randomInt(count)
  for (let i = 0; i < count; i++) yield start + ((first + i) % count)
}
