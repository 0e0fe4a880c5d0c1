import type { Informer } from '../../../api/client/client.ts'
import type { EndpointSlice } from '../../../api/kinds/types.ts'

/** What was written is forgotten after this time, should the cache never show it (milliseconds). */
const TTL = 60_000

/** Slices as they are after our own last writes, which the cache may show only later: nothing is made twice. */
export interface OwnWrites {
  wrote(slice: EndpointSlice): void
  removed(slice: EndpointSlice): void
  /** Cached slices of a Service, with our newer writes in place of them. */
  latest(cached: readonly EndpointSlice[], isOf: (slice: EndpointSlice) => boolean): EndpointSlice[]
}

interface Write {
  slice: EndpointSlice
  isRemoved: boolean
  at: number
}

const revisionOf = ({ metadata }: EndpointSlice): number => Number(metadata.resourceVersion)

export function createOwnWrites(informer: Informer<EndpointSlice>): OwnWrites {
  const writes = new Map<string, Write>()
  const idOf = ({ metadata }: EndpointSlice): string => metadata.uid!
  const seen = (slice: EndpointSlice): void => {
    const write = writes.get(idOf(slice))
    if (write && revisionOf(slice) >= revisionOf(write.slice)) writes.delete(idOf(slice))
  }
  informer.addHandler({ added: seen, updated: seen, deleted: slice => writes.delete(idOf(slice)) })
  const remember = (slice: EndpointSlice, isRemoved: boolean): void => {
    const now = Date.now()
    for (const [id, { at }] of writes) if (now - at > TTL) writes.delete(id)
    // The watch may have been faster than the answer.
    const shown = informer.get(`${slice.metadata.namespace}/${slice.metadata.name}`)
    if (!isRemoved && shown && revisionOf(shown) >= revisionOf(slice)) return
    writes.set(idOf(slice), { slice, isRemoved, at: now })
  }
  return {
    wrote: slice => remember(slice, false),
    removed: slice => remember(slice, true),
    latest(cached, isOf) {
      if (writes.size === 0) return [...cached]
      const merged = new Map(cached.map(slice => [idOf(slice), slice]))
      for (const [id, { slice, isRemoved }] of writes) {
        if (isRemoved) merged.delete(id)
        else if (isOf(slice)) merged.set(id, slice)
      }
      return [...merged.values()]
    },
  }
}
