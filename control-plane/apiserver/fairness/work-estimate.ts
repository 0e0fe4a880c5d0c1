import type { CacheView } from '../cache/watch-cache.ts'
import type { KindRegistry } from '../kind-registry.ts'
import { isTrue, type RequestInfo } from '../pipeline/request-info.ts'
import type { Ticket } from './ticket.ts'
import type { WatchCounts } from './watch-counts.ts'

/** Bytes held in memory for a list that one seat stands for. */
const BYTES_A_SEAT = 100_000
/** A list from the watch cache is sent bit by bit: more is never held. */
const MOST_FROM_CACHE = 1_000_000
const MOST_SEATS_OF_LIST = 100
const MOST_SEATS_OF_WRITE = 10
/** Watchers that one seat stands for, for so many seconds, while a change is sent to them. */
const WATCHES_A_SEAT = 10
const TIME_OF_EVENT = 0.005
/** How long the size of objects is taken for the same, in milliseconds, and how many are looked at. */
const SIZE_HOLDS = 60_000
const SAMPLE = 100

interface Size {
  average: number
  seenAt: number
}

/** Reckons how many seats a request takes: lists by what they hold in memory, writes by who is told of them. */
export class WorkEstimator {
  readonly watches: WatchCounts
  readonly #kinds: KindRegistry
  readonly #sizes = new WeakMap<CacheView, Size>()

  constructor(kinds: KindRegistry, watches: WatchCounts) {
    this.#kinds = kinds
    this.watches = watches
  }

  /** Sets the seats of a request. `most` is the level's limit for one request, 0 for none. */
  estimate(ticket: Ticket, most: number): void {
    const { info } = ticket
    switch (info.verb) {
      case 'list':
        ticket.initialSeats = this.#seatsOfList(info, within(most, MOST_SEATS_OF_LIST))
        return
      case 'watch':
        if (isTrue(info.query.get('sendInitialEvents'))) {
          ticket.initialSeats = this.#seatsOfList(info, within(most, MOST_SEATS_OF_LIST))
        }
        return
      case 'create':
      case 'update':
      case 'patch':
      case 'delete':
        this.#estimateWrite(ticket, most)
    }
  }

  #estimateWrite(ticket: Ticket, most: number): void {
    const { info, stats } = ticket
    // A token is no change that anybody is told of.
    if (info.subresource === 'token' && info.resource === 'serviceaccounts') return
    const count = this.watches.interestedIn(info)
    stats.watches.add(count)
    if (count < WATCHES_A_SEAT) return
    const seats = Math.ceil(count / WATCHES_A_SEAT)
    ticket.finalSeats = Math.min(seats, within(most, MOST_SEATS_OF_WRITE))
    ticket.lingering = (seats * TIME_OF_EVENT) / ticket.finalSeats
  }

  #seatsOfList(info: RequestInfo, most: number): number {
    const limit = Number(info.query.get('limit') ?? 0)
    if (!Number.isInteger(limit)) return most
    const resource = this.#kinds.find(info.group, info.version, info.resource)
    const cache = resource?.storage?.cache ?? resource?.cache
    if (!cache || cache.revision === 0) return 1
    const isFromCache = info.verb === 'watch' || isServedByCache(info, limit)
    const loaded = objectsLoaded(info, cache.size, limit, isFromCache)
    const bytes = loaded * this.#averageSize(cache)
    const held = isFromCache ? Math.min(bytes, MOST_FROM_CACHE) : bytes
    return Math.min(Math.max(Math.ceil(held / BYTES_A_SEAT), 1), most)
  }

  /** Bytes of an object, by some of them. */
  #averageSize(cache: CacheView): number {
    const now = performance.now()
    const known = this.#sizes.get(cache)
    if (known && now - known.seenAt < SIZE_HOLDS) return known.average
    let count = 0
    let sum = 0
    for (const { bytes } of cache.view().range('')) {
      sum += bytes.length
      if (++count === SAMPLE) break
    }
    const average = count > 0 ? sum / count : 0
    if (count > 0) this.#sizes.set(cache, { average, seenAt: now })
    return average
  }
}

const within = (most: number, limit: number): number => (most === 0 ? limit : Math.min(most, limit))

/** Where upstream reads a list from its watch cache: not at an exact version that is asked for, and not further pages. */
function isServedByCache({ query }: RequestInfo, limit: number): boolean {
  const version = query.get('resourceVersion') ?? ''
  switch (query.get('resourceVersionMatch') ?? '') {
    case 'NotOlderThan':
      return true
    case '':
      return !query.get('continue') && !(limit > 0 && version !== '' && version !== '0')
    default:
      return false
  }
}

function objectsLoaded(info: RequestInfo, stored: number, limit: number, isFromCache: boolean): number {
  if (info.name !== undefined || info.selectedName !== undefined) return Math.min(stored, 1)
  const limited = limit > 0 && limit < stored ? limit : stored
  const selects = info.query.has('fieldSelector') || info.query.has('labelSelector')
  return !isFromCache && selects ? Math.max(limited, Math.floor(stored / 2)) : limited
}
