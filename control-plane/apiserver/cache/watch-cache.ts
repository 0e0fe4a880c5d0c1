import { specField } from '../../../api/meta/kept-spec.ts'
import { internalError, StatusError, serviceUnavailable, timeout } from '../../../api/meta/status.ts'
import type { Logger } from '../../../plugins/plugin.ts'
import { type Change, type StoredDocument, StoreError, type StorePlugin } from '../../../plugins/store.ts'
import { Entry } from './entry.ts'
import { type CacheEvent, History } from './history.ts'
import { Pages } from './pages.ts'
import { type EntriesView, SortedEntries } from './sorted-entries.ts'

/** Told of every change of a cache, in order. */
export interface CacheListener {
  events(batch: readonly CacheEvent[]): void
  /**
   * No more changes follow and the listener has been taken off: the cache was closed, or was loaded anew and what happened
   * in between is unknown.
   */
  reset(isClosed: boolean): void
}

/** What a cache offers to those who read and follow it. */
export interface CacheView {
  readonly type: string
  readonly revision: number
  readonly size: number
  readonly history: { readonly start: number; since(revision: number): CacheEvent[] | undefined }
  readonly pages: {
    get(revision: number): EntriesView | undefined
    keep(revision: number, view: EntriesView): void
  }
  get(key: string): Entry | undefined
  view(): EntriesView
  onNode(nodeName: string): Entry[]
  /** A document of the store's log as it would be held here. */
  entry(document: StoredDocument): Entry
  wrote(entry: Entry): void
  ready(): Promise<void>
  current(): Promise<void>
  waitFor(revision: number): Promise<void>
  listen(listener: CacheListener): () => void
}

/**
 * How long a read waits for the cache to reach a revision. Milliseconds, upstream's figure; in so many steps, as time in
 * which this process stands still does not count: what the store sent meanwhile was not read.
 */
const WAIT = 3_000
const WAIT_STEPS = 4
const FIRST_RETRY = 50
const LONGEST_RETRY = 2_000

/**
 * All objects of one type in memory, kept up to date from the store's log. Loaded on first use. Everything here that
 * does not return a promise answers from memory, at {@link WatchCache.revision}.
 */
export class WatchCache implements CacheView {
  readonly type: string
  /** The revision that the contents are at; 0 until the first load. */
  revision = 0
  readonly history = new History()
  readonly pages = new Pages()
  #store: StorePlugin
  #log: Logger
  #entries = new SortedEntries()
  #listeners = new Set<CacheListener>()
  #waiting: { revision: number; resolve: () => void }[] = []
  #loading: Promise<void> | undefined
  #unsubscribe = () => {}
  #written = new Map<number, Entry>()
  #asking: Promise<number> | undefined
  #askingNext: Promise<number> | undefined
  #nodeIndex: Map<string, Set<string>> | undefined
  /** Rejects when what is stored cannot be read; loading goes on, as another server may put it right. */
  #unreadable = neverYet()
  #closed = false

  constructor(type: string, store: StorePlugin, log: Logger) {
    this.type = type
    this.#store = store
    this.#log = log
  }

  get size(): number {
    return this.#entries.size
  }

  get(key: string): Entry | undefined {
    return this.#entries.get(key)
  }

  entry(document: StoredDocument): Entry {
    return new Entry(document)
  }

  /** The contents as they are now, for as long as the view is held. */
  view(): EntriesView {
    return this.#entries.view()
  }

  /**
   * Takes an entry that this process has just written. When its change arrives, this entry stands for it: its object need
   * not be parsed again. Nothing arrives before the first load: what is only written is not kept.
   */
  wrote(entry: Entry): void {
    if (this.revision > 0 && entry.revision > this.revision) this.#written.set(entry.revision, entry)
  }

  /** Resolves when the first load is done. Rejects with 503 while the store is away, with 500 if it cannot be read. */
  async ready(): Promise<void> {
    if (this.revision > 0) return
    this.#loading ??= this.#load()
    const timer = Promise.withResolvers<never>()
    const handle = setTimeout(() => timer.reject(serviceUnavailable('the store is not available')), WAIT * 3)
    try {
      await Promise.race([this.#loading, timer.promise, this.#unreadable.promise])
    } finally {
      clearTimeout(handle)
    }
  }

  /** Resolves when the cache holds all that was written before the call (a linearizable read). */
  async current(): Promise<void> {
    await this.ready()
    const seen = this.revision
    const revision = await this.#newest()
    if (revision < seen) this.#reload(`the store went back from revision ${seen} to ${revision}`)
    if (revision > this.revision) await this.waitFor(revision)
  }

  /**
   * The store's revision, asked for after the call. Only one question is on its way at a time: those who come meanwhile
   * share the next one.
   */
  #newest(): Promise<number> {
    if (!this.#asking) {
      this.#asking = this.#store.revision(this.type).finally(() => {
        this.#asking = undefined
      })
      return this.#asking
    }
    this.#askingNext ??= this.#asking
      .catch(() => {})
      .then(() => {
        this.#askingNext = undefined
        return this.#newest()
      })
    return this.#askingNext
  }

  /** Resolves when the cache is at a revision or beyond. Rejects with upstream's 504 after 3 s. */
  async waitFor(revision: number): Promise<void> {
    await this.ready()
    if (this.revision >= revision) return
    await new Promise<void>((resolve, reject) => {
      let steps = 0
      const step = () => {
        if (++steps < WAIT_STEPS) {
          timer = setTimeout(step, WAIT / WAIT_STEPS)
          return
        }
        this.#waiting = this.#waiting.filter(waiter => waiter !== waiting)
        reject(tooLargeRevision(revision, this.revision))
      }
      let timer = setTimeout(step, WAIT / WAIT_STEPS)
      const waiting = {
        revision,
        resolve() {
          clearTimeout(timer)
          resolve()
        },
      }
      this.#waiting.push(waiting)
    })
  }

  /** Tells a listener of every change from now on. Returns the function that takes it off. */
  listen(listener: CacheListener): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  /** Entries whose `spec.nodeName` is the given one, in order of keys. The index is made on first use. */
  onNode(nodeName: string): Entry[] {
    if (!this.#nodeIndex) {
      this.#nodeIndex = new Map()
      for (const entry of this.#entries.range('')) this.#index(undefined, entry)
    }
    const keys = [...(this.#nodeIndex.get(nodeName) ?? [])].sort()
    return keys.map(key => this.#entries.get(key)!)
  }

  close(): void {
    this.#closed = true
    this.#unsubscribe()
    for (const listener of [...this.#listeners]) listener.reset(true)
    this.#listeners.clear()
  }

  async #load(): Promise<void> {
    for (let pause = FIRST_RETRY; !this.#closed; pause = Math.min(pause * 2, LONGEST_RETRY)) {
      try {
        const { revision, documents } = await this.#store.snapshot(this.type)
        if (this.#closed) return
        this.#unreadable = neverYet()
        this.#entries = new SortedEntries(documents.map(document => new Entry(document)))
        this.#nodeIndex = undefined
        this.pages.clear()
        this.history.restart(revision)
        this.#advance(revision)
        this.#follow(revision)
        return
      } catch (error) {
        this.#log.warn({ type: this.type, error: (error as Error).message }, 'cannot load watch cache')
        if (error instanceof StoreError && error.code === 'unreadable') {
          this.#unreadable.reject(internalError(error.message))
        }
        await new Promise(resolve => setTimeout(resolve, pause))
      }
    }
  }

  #follow(after: number): void {
    this.#unsubscribe = this.#store.subscribe(this.type, after, {
      changes: batch => this.#apply(batch),
      lost: () => this.#reload('the log was trimmed'),
    })
  }

  /** Starts anew from a snapshot; who listens is told that changes were missed. */
  #reload(why: string): void {
    this.#log.warn({ type: this.type, why }, 'loading watch cache anew')
    this.#unsubscribe()
    const listeners = [...this.#listeners]
    this.#listeners.clear()
    this.#written.clear()
    this.revision = 0
    this.#loading = this.#load()
    for (const listener of listeners) listener.reset(false)
  }

  #apply(changes: Change[]): void {
    const events = changes.map(change => this.#event(change))
    this.history.add(events)
    this.revision = changes.at(-1)!.revision
    for (const listener of [...this.#listeners]) listener.events(events)
    this.#advance(this.revision)
  }

  #event(change: Change): CacheEvent {
    const entry = this.#written.get(change.revision) ?? new Entry(change)
    this.#written.delete(change.revision)
    const isDeleted = change.type === 'deleted'
    const previous = isDeleted ? this.#entries.delete(change.key) : this.#entries.set(entry)
    if (this.#nodeIndex) this.#index(previous, isDeleted ? undefined : entry)
    return { type: change.type, revision: change.revision, entry, previous, frames: undefined }
  }

  #index(old: Entry | undefined, entry: Entry | undefined): void {
    const before = old && nodeNameOf(old)
    const after = entry && nodeNameOf(entry)
    if (before === after) return
    if (before !== undefined) this.#nodeIndex!.get(before)?.delete(old!.key)
    if (after === undefined) return
    const keys = this.#nodeIndex!.get(after)
    if (keys) keys.add(entry!.key)
    else this.#nodeIndex!.set(after, new Set([entry!.key]))
  }

  #advance(revision: number): void {
    this.revision = revision
    if (this.#waiting.length === 0) return
    const reached = this.#waiting.filter(waiter => waiter.revision <= revision)
    if (reached.length === 0) return
    this.#waiting = this.#waiting.filter(waiter => waiter.revision > revision)
    for (const waiter of reached) waiter.resolve()
  }
}

/** A promise that may reject without anybody waiting for it. */
function neverYet(): PromiseWithResolvers<never> {
  const resolvers = Promise.withResolvers<never>()
  resolvers.promise.catch(() => {})
  return resolvers
}

/** `spec.nodeName` of what an entry holds; empty without one. */
export const nodeNameOf = (entry: Entry): string => specField(entry.object, 'nodeName') ?? ''

/** What a client gets that asks for a revision the server has not reached. */
export function tooLargeRevision(asked: number, current: number): StatusError {
  const { status } = timeout({ group: '', plural: '' }, '')
  return new StatusError({
    ...status,
    message: `Timeout: Too large resource version: ${asked}, current: ${current}`,
    details: {
      causes: [{ reason: 'ResourceVersionTooLarge', message: 'Too large resource version' }],
      retryAfterSeconds: 1,
    },
  })
}
