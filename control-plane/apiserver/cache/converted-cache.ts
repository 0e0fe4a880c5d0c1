import type { ApiObject } from '../../../api/meta/object.ts'
import type { StoredDocument } from '../../../plugins/store.ts'
import { Entry } from './entry.ts'
import type { CacheEvent } from './history.ts'
import type { EntriesView } from './sorted-entries.ts'
import type { CacheListener, CacheView, WatchCache } from './watch-cache.ts'

/**
 * A watch cache seen in another form: the same objects, keys and revisions, converted when they are asked for. What was
 * converted is held as long as the original is, so that watchers share it.
 */
export class ConvertedCache implements CacheView {
  readonly type: string
  #base: WatchCache
  #convert: (object: ApiObject) => ApiObject
  #entries = new WeakMap<Entry, Entry>()
  #events = new WeakMap<CacheEvent, CacheEvent>()
  #views = new WeakMap<EntriesView, EntriesView>()
  #originals = new WeakMap<EntriesView, EntriesView>()

  /** `convert` gets a shared object: it must not change it. */
  constructor(base: WatchCache, convert: (object: ApiObject) => ApiObject) {
    this.type = base.type
    this.#base = base
    this.#convert = convert
  }

  get revision(): number {
    return this.#base.revision
  }

  get size(): number {
    return this.#base.size
  }

  readonly history = {
    start: 0,
    since: (revision: number): CacheEvent[] | undefined => {
      this.history.start = this.#base.history.start
      return this.#base.history.since(revision)?.map(event => this.#event(event))
    },
  }

  readonly pages = {
    get: (revision: number): EntriesView | undefined => {
      const view = this.#base.pages.get(revision)
      return view && this.#view(view)
    },
    keep: (revision: number, view: EntriesView): void =>
      this.#base.pages.keep(revision, this.#originals.get(view) ?? view),
  }

  get(key: string): Entry | undefined {
    const entry = this.#base.get(key)
    return entry && this.converted(entry)
  }

  view(): EntriesView {
    return this.#view(this.#base.view())
  }

  onNode(nodeName: string): Entry[] {
    return this.#base.onNode(nodeName).map(entry => this.converted(entry))
  }

  entry(document: StoredDocument): Entry {
    return this.converted(this.#base.entry(document))
  }

  wrote(entry: Entry): void {
    this.#base.wrote(entry)
  }

  ready(): Promise<void> {
    return this.#base.ready()
  }

  current(): Promise<void> {
    return this.#base.current()
  }

  waitFor(revision: number): Promise<void> {
    return this.#base.waitFor(revision)
  }

  listen(listener: CacheListener): () => void {
    return this.#base.listen({
      events: batch => listener.events(batch.map(event => this.#event(event))),
      reset: isClosed => listener.reset(isClosed),
    })
  }

  /** An entry of the stored kind in this form. */
  converted(entry: Entry): Entry {
    const known = this.#entries.get(entry)
    if (known) return known
    const object = this.#convert(entry.object)
    const { apiVersion, kind, metadata, ...rest } = object
    // Lists take what comes before metadata as given, and watches look for the revision first in metadata.
    const { resourceVersion, ...others } = metadata
    const bytes = JSON.stringify({ apiVersion, kind, metadata: { resourceVersion, ...others }, ...rest })
    const converted = new Entry({ key: entry.key, revision: entry.revision, bytes: Buffer.from(bytes) })
    this.#entries.set(entry, converted)
    return converted
  }

  #event(event: CacheEvent): CacheEvent {
    const known = this.#events.get(event)
    if (known) return known
    const { previous } = event
    const converted = {
      ...event,
      entry: this.converted(event.entry),
      previous: previous && this.converted(previous),
      frames: undefined,
    }
    this.#events.set(event, converted)
    return converted
  }

  #view(view: EntriesView): EntriesView {
    const known = this.#views.get(view)
    if (known) return known
    const convert = (entry: Entry): Entry => this.converted(entry)
    const converted: EntriesView = {
      get size() {
        return view.size
      },
      get: key => {
        const entry = view.get(key)
        return entry && convert(entry)
      },
      *range(from, to) {
        for (const entry of view.range(from, to)) yield convert(entry)
      },
    }
    this.#views.set(view, converted)
    this.#originals.set(converted, view)
    return converted
  }
}
