import { apiVersion, type KindDeclaration } from '../../../api/kinds/kind.ts'
import type { WatchEvent } from '../../../api/meta/object.ts'
import { expired, type StatusError } from '../../../api/meta/status.ts'
import { StoreError, type StorePlugin } from '../../../plugins/store.ts'
import { compileFilter, type Filter, type FilterOptions, selects } from '../cache/filter.ts'
import type { CacheEvent } from '../cache/history.ts'
import type { Resource } from '../kind-registry.ts'
import { storeCall } from '../rest/core.ts'
import { checkWatchOptions, type RevisionOptions } from '../rest/list-options.ts'
import { type EventEncoder, frameOf, plainEncoder, STATE_END } from './frames.ts'
import { hubOf } from './hub.ts'

/** meta/v1 ListOptions as far as a watch looks at them. */
export interface WatchRequest extends FilterOptions, RevisionOptions {
  allowWatchBookmarks?: boolean | undefined
  encoder?: EventEncoder | undefined
  /** Called when the watch has caught up. */
  initialized?: (() => void) | undefined
}

/** Where the lines of a watch go. */
export interface WatchSink {
  /** Writes while catching up; resolves when there is room for more. */
  send(lines: Buffer): Promise<void>
  /** Writes without waiting, once caught up. The sink ends the watch when its reader is too slow. */
  push(lines: Buffer): void
  end(): void
  readonly signal: AbortSignal
  /** When it will end, if that is known. Milliseconds since the epoch. */
  readonly deadline?: number
}

const BOOKMARK_INTERVAL = 60_000
/** So long before its end a watch tells how far it has come, whatever it told before. */
const LAST_BOOKMARK = 2_000
const LOG_PAGE = 500
/** Lines put together into one write while catching up. Bytes. */
const CHUNK = 256 << 10

/**
 * Checks a watch request and brings the cache to where the watch starts. What it returns runs the watch until its sink's
 * signal aborts or its revision is gone (the reader is told so in the stream).
 * @throws StatusError 400, 422, 504
 */
export async function openWatch(
  store: StorePlugin,
  resource: Resource,
  request: WatchRequest,
): Promise<(sink: WatchSink) => Promise<void>> {
  checkWatchOptions(request)
  const { cache } = resource
  const filter = compileFilter(resource.kind, request)
  const { resourceVersion } = request
  if (!resourceVersion) await storeCall(cache.current())
  else if (resourceVersion === '0') await cache.ready()
  else await cache.waitFor(Number(resourceVersion))
  return sink => new Watch(store, resource, filter, request, sink).run()
}

/** Whether all that is there comes first: asked for, or where no revision is named, as in Kubernetes since 1.34. */
const startsWithState = ({ resourceVersion, sendInitialEvents }: WatchRequest): boolean =>
  sendInitialEvents ?? (!resourceVersion || resourceVersion === '0')

class Watch {
  #store: StorePlugin
  #resource: Resource
  #filter: Filter
  #request: WatchRequest
  #encoder: EventEncoder
  #sink: WatchSink
  #revision = 0
  #written = Date.now()
  #timer: NodeJS.Timeout | undefined

  constructor(
    store: StorePlugin,
    resource: Resource,
    filter: Filter,
    request: WatchRequest,
    sink: WatchSink,
  ) {
    this.#store = store
    this.#resource = resource
    this.#filter = filter
    this.#request = request
    this.#encoder = request.encoder ?? plainEncoder
    const { open } = this.#encoder
    this.#sink = open ? opened(sink, open) : sink
  }

  async run(): Promise<void> {
    const { resourceVersion } = this.#request
    const { cache } = this.#resource
    const isFromState = startsWithState(this.#request)
    try {
      this.#revision = isFromState || !Number(resourceVersion) ? cache.revision : Number(resourceVersion)
      if (isFromState) await this.#sendState()
      await this.#catchUp()
      this.#request.initialized?.()
      if (!this.#sink.signal.aborted) await this.#follow()
    } catch (error) {
      this.#fail(error as Error)
    }
    this.#sink.end()
  }

  /** All that is there as ADDED events, and the bookmark that ends them if that was asked for. */
  async #sendState(): Promise<void> {
    const view = this.#resource.cache.view()
    let lines: Buffer[] = []
    let size = 0
    const hub = hubOf(this.#resource.cache)
    for (const entry of view.range(this.#filter.from, this.#filter.to)) {
      if (!selects(this.#filter, entry)) continue
      const frame = this.#encoder.frame('ADDED', entry)
      lines.push(frame)
      hub.initial++
      size += frame.length
      if (size < CHUNK) continue
      await this.#sink.send(Buffer.concat(lines))
      if (this.#sink.signal.aborted) return
      lines = []
      size = 0
    }
    if (lines.length > 0) await this.#sink.send(Buffer.concat(lines))
    if (this.#request.allowWatchBookmarks) {
      await this.#sink.send(this.#encoder.special(bookmark(this.#resource.kind, this.#revision, true)))
    }
  }

  /** Sends what was changed since, until nothing is left. */
  async #catchUp(): Promise<void> {
    while (!this.#sink.signal.aborted) {
      const events = this.#resource.cache.history.since(this.#revision) ?? (await this.#fromLog())
      if (events.length === 0) return
      const frames = events.map(event => frameOf(event, this.#filter, this.#encoder)).filter(frame => !!frame)
      this.#revision = events.at(-1)!.revision
      if (frames.length > 0) await this.#sink.send(Buffer.concat(frames))
    }
  }

  /**
   * Changes older than the cache remembers. The log does not tell what an object was before, which a watch with
   * selectors has to know: such a one starts anew.
   */
  async #fromLog(): Promise<CacheEvent[]> {
    const tooOld = () =>
      expired(`too old resource version: ${this.#revision} (${this.#resource.cache.history.start})`)
    if (this.#filter.matches) throw tooOld()
    try {
      const changes = await this.#store.log(this.#resource.type, this.#revision, LOG_PAGE)
      return changes.map(change => ({
        type: change.type,
        revision: change.revision,
        entry: this.#resource.cache.entry(change),
        previous: undefined,
        frames: undefined,
      }))
    } catch (error) {
      if (error instanceof StoreError && error.code === 'expired') throw tooOld()
      throw error
    }
  }

  /** Joins the hub in the same turn in which the catching up ended, so that nothing falls in between. */
  #follow(): Promise<void> {
    const { signal } = this.#sink
    return new Promise((resolve, reject) => {
      const done = (error?: Error) => {
        clearTimeout(this.#timer)
        leave()
        signal.removeEventListener('abort', aborted)
        if (error) reject(error)
        else resolve()
      }
      const aborted = () => done()
      const leave = hubOf(this.#resource.cache).join(this.#filter, this.#encoder, {
        write: lines => {
          this.#written = Date.now()
          this.#sink.push(lines)
        },
        lost: isClosed =>
          done(isClosed ? undefined : expired('the watch cache was loaded anew: start from a list')),
      })
      signal.addEventListener('abort', aborted)
      this.#pushMissed()
      if (this.#request.allowWatchBookmarks) this.#scheduleBookmark()
    })
  }

  /** What came in between the end of catching up and joining, should there be any. */
  #pushMissed(): void {
    const events = this.#resource.cache.history.since(this.#revision) ?? []
    for (const event of events) {
      const frame = frameOf(event, this.#filter, this.#encoder)
      if (frame) this.#sink.push(frame)
    }
  }

  /** A minute after what was written last, and right before the end. */
  #scheduleBookmark(): void {
    const { deadline } = this.#sink
    const last = deadline === undefined ? Infinity : deadline - LAST_BOOKMARK
    const now = Date.now()
    if (now > last) return
    const due = Math.min(this.#written + BOOKMARK_INTERVAL, last)
    this.#timer = setTimeout(
      () => {
        if (due === last || Date.now() - this.#written >= BOOKMARK_INTERVAL) this.#bookmark()
        if (due !== last) this.#scheduleBookmark()
      },
      Math.max(due - now, 1),
    )
  }

  #bookmark(): void {
    this.#written = Date.now()
    const { kind, cache } = this.#resource
    hubOf(cache).flush()
    this.#sink.push(this.#encoder.special(bookmark(kind, cache.revision, false)))
  }

  #fail(error: Error): void {
    const status = 'status' in error ? (error as StatusError).status : undefined
    if (!status) throw error
    this.#sink.push(this.#encoder.special({ type: 'ERROR', object: status }))
  }
}

/** A sink whose first frames are changed. */
function opened(sink: WatchSink, open: (frames: Buffer) => Buffer): WatchSink {
  let isOpen = false
  const changed = (lines: Buffer): Buffer => {
    if (isOpen) return lines
    isOpen = true
    return open(lines)
  }
  return {
    ...sink,
    send: lines => sink.send(changed(lines)),
    push: lines => sink.push(changed(lines)),
  }
}

/** A bookmark tells the revision up to which the reader has seen everything. */
function bookmark(kind: KindDeclaration, revision: number, isEndOfState: boolean): WatchEvent<any> {
  const metadata = {
    resourceVersion: String(revision),
    ...(isEndOfState && { annotations: { [STATE_END]: 'true' } }),
  }
  return { type: 'BOOKMARK', object: { kind: kind.kind, apiVersion: apiVersion(kind), metadata } }
}
