import type { Filter } from '../cache/filter.ts'
import type { CacheEvent } from '../cache/history.ts'
import { type CacheView, nodeNameOf } from '../cache/watch-cache.ts'
import { Distribution } from '../metrics/distribution.ts'
import { type EventEncoder, frameOf } from './frames.ts'

/** One watcher that has caught up. Must not throw and must not wait. */
export interface Member {
  /** Events as they are sent, complete up to a revision. */
  write(lines: Buffer, revision: number): void
  /** The watch cannot go on (see `CacheListener.reset`). The member has been taken off. */
  lost(isClosed: boolean): void
}

interface Channel {
  filter: Filter
  encoder: EventEncoder
  members: Set<Member>
}

/**
 * Time spent telling watchers is owed as time in which they are not told, so that half of it is left for all else and
 * changes gather. Nobody waits while little is owed, nor long: more than 25 ms saves next to nothing. Milliseconds.
 */
const CREDIT = 30
const SHORTEST_PAUSE = 2
const LONGEST_PAUSE = 25

/** Upper bounds of sizes of events: 1 KiB to 128 KiB. */
const SIZES = Array.from({ length: 8 }, (_, i) => 1024 << i)

/**
 * Hands changes of one cache to all watchers. Watchers with equal filter and form share a channel: the lines of a batch
 * are put together once and the same buffer goes to each of them.
 */
export class WatchHub {
  #cache: CacheView
  #channels = new Map<string, Channel>()
  /** Those that are about one node (each kubelet has one), and all others. */
  #ofNodes = new Map<string, Set<Channel>>()
  #others = new Set<Channel>()
  #stop: (() => void) | undefined
  /** Changes that wait for the end of a pause. */
  #pending: CacheEvent[] = []
  #timer: NodeJS.Timeout | undefined
  #turn: NodeJS.Immediate | undefined
  /** When nothing will be owed any more. */
  #paid = 0
  /** Events sent so far by their size, each counted once for every watcher. */
  readonly sent = new Distribution(SIZES)
  /** Events that told watchers what there was when they came. */
  initial = 0

  constructor(cache: CacheView) {
    this.#cache = cache
  }

  /** How many are connected. */
  get watchers(): number {
    let count = 0
    for (const { members } of this.#channels.values()) count += members.size
    return count
  }

  /** From now on the member is told of changes. Returns the function that takes it off. */
  join(filter: Filter, encoder: EventEncoder, member: Member): () => void {
    this.flush()
    this.#stop ??= this.#cache.listen({
      events: batch => this.#events(batch),
      reset: isClosed => this.#reset(isClosed),
    })
    const id = `${encoder.id}\n${filter.id}`
    const channel = this.#channels.get(id) ?? this.#open(id, { filter, encoder, members: new Set() })
    channel.members.add(member)
    return () => {
      channel.members.delete(member)
      if (channel.members.size === 0 && this.#channels.get(id) === channel) this.#close(id, channel)
      if (this.#channels.size === 0) {
        this.#take()
        this.#stop?.()
        this.#stop = undefined
      }
    }
  }

  #open(id: string, channel: Channel): Channel {
    const { nodeName } = channel.filter
    this.#channels.set(id, channel)
    if (nodeName === undefined) this.#others.add(channel)
    else this.#ofNodes.set(nodeName, (this.#ofNodes.get(nodeName) ?? new Set()).add(channel))
    return channel
  }

  #close(id: string, channel: Channel): void {
    const { nodeName } = channel.filter
    this.#channels.delete(id)
    this.#others.delete(channel)
    if (nodeName === undefined) return
    const ofNode = this.#ofNodes.get(nodeName)
    ofNode?.delete(channel)
    if (ofNode?.size === 0) this.#ofNodes.delete(nodeName)
  }

  /** Channels that changes may concern: of a thousand nodes, those that the objects are on or were on. */
  *#concerned(batch: readonly CacheEvent[]): Generator<Channel> {
    yield* this.#others
    if (this.#ofNodes.size === 0) return
    const names = new Set<string>()
    for (const { entry, previous } of batch) {
      names.add(nodeNameOf(entry))
      if (previous) names.add(nodeNameOf(previous))
    }
    for (const name of names) yield* this.#ofNodes.get(name) ?? []
  }

  /** Takes what waits, and no longer waits to send it. */
  #take(): CacheEvent[] {
    clearTimeout(this.#timer)
    clearImmediate(this.#turn)
    this.#timer = undefined
    this.#turn = undefined
    const pending = this.#pending
    this.#pending = []
    return pending
  }

  /** Writes what waits, so that nothing is later than what the caller is about to say. */
  flush(): void {
    const batch = this.#take()
    if (batch.length === 0) return
    const start = performance.now()
    for (const channel of this.#concerned(batch)) this.#send(channel, batch)
    // Only watchers that catch up would ask for them again.
    for (const event of batch) event.frames = undefined
    const end = performance.now()
    const owed = Math.max(this.#paid - start, 0) + (end - start)
    this.#paid = end + Math.min(owed, CREDIT + LONGEST_PAUSE)
  }

  /**
   * Changes are sent in the same turn of the event loop, after what else has come in: who made the change gets the answer
   * first. If telling watchers has taken most of the time of late, changes gather for a while, and each watcher gets many
   * in one write.
   */
  #events(batch: readonly CacheEvent[]): void {
    for (const event of batch) this.#pending.push(event)
    if (this.#timer || this.#turn) return
    const left = this.#paid - performance.now() - CREDIT
    if (left < SHORTEST_PAUSE) this.#turn = setImmediate(() => this.flush())
    else this.#timer = setTimeout(() => this.flush(), left)
  }

  #send({ filter, encoder, members }: Channel, batch: readonly CacheEvent[]): void {
    const frames: Buffer[] = []
    for (const event of batch) {
      const frame = frameOf(event, filter, encoder)
      if (frame) frames.push(frame)
    }
    if (frames.length === 0) return
    const lines = frames.length === 1 ? frames[0]! : Buffer.concat(frames)
    const { revision } = batch.at(-1)!
    for (const frame of frames) this.sent.add(frame.length, members.size)
    for (const member of members) member.write(lines, revision)
  }

  #reset(isClosed: boolean): void {
    this.flush()
    this.#stop = undefined
    const channels = [...this.#channels.values()]
    this.#channels.clear()
    this.#ofNodes.clear()
    this.#others.clear()
    for (const { members } of channels) for (const member of [...members]) member.lost(isClosed)
  }
}

const hubs = new WeakMap<CacheView, WatchHub>()

/** The hub of a cache. */
export function hubOf(cache: CacheView): WatchHub {
  let hub = hubs.get(cache)
  if (!hub) {
    hub = new WatchHub(cache)
    hubs.set(cache, hub)
  }
  return hub
}
