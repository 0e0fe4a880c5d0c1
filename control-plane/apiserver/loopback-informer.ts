import type { Informer, InformerFactory, InformerHandler } from '../../api/client/client.ts'
import { apiVersion, type KindDeclaration } from '../../api/kinds/kind.ts'
import type { ApiObject } from '../../api/meta/object.ts'
import type { Entry } from './cache/entry.ts'
import { compileFilter, type Filter, type FilterOptions, selects } from './cache/filter.ts'
import type { CacheEvent } from './cache/history.ts'
import type { CacheView } from './cache/watch-cache.ts'
import type { KindRegistry } from './kind-registry.ts'

/** Informers over the watch caches themselves: no second copy, and never behind what the API server answers. */
export function createLoopbackInformers(kinds: KindRegistry): InformerFactory {
  const informers = new Map<string, CacheInformer<any>>()
  /** Of all objects of a kind: admission asks for some with every write. */
  const unscoped = new WeakMap<KindDeclaration<any>, CacheInformer<any>>()
  const scoped = <T extends ApiObject>(kind: KindDeclaration<T>, scope: FilterOptions): CacheInformer<T> => {
    const { cache, type } = kinds.of(kind)
    const filter = compileFilter(kind as KindDeclaration<any>, scope)
    const id = `${apiVersion(kind)} ${type} ${filter.id}`
    let informer = informers.get(id)
    if (!informer) {
      informer = new CacheInformer<T>(cache, filter)
      informers.set(id, informer)
    }
    return informer
  }
  return {
    informer<T extends ApiObject>(kind: KindDeclaration<T>, scope?: FilterOptions): Informer<T> {
      if (scope) return scoped(kind, scope)
      let informer = unscoped.get(kind)
      if (!informer) {
        informer = scoped(kind, {})
        unscoped.set(kind, informer)
      }
      return informer
    },
  }
}

class CacheInformer<T extends ApiObject> implements Informer<T> {
  hasSynced = false
  #cache: CacheView
  #filter: Filter
  #known = new Map<string, Entry>()
  #handlers = new Set<InformerHandler<T>>()
  #indexes = new Map<string, Index<T>>()
  #synced: Promise<void>

  constructor(cache: CacheView, filter: Filter) {
    this.#cache = cache
    this.#filter = filter
    this.#synced = this.#start()
  }

  get(key: string): T | undefined {
    return this.#known.get(key)?.object as T | undefined
  }

  list(): T[] {
    return this.#known
      .values()
      .map(entry => entry.object as T)
      .toArray()
  }

  byIndex(name: string, value: string): T[] {
    const index = this.#indexes.get(name)
    if (!index) throw new Error(`informer has no index "${name}"`)
    return [...(index.keys.get(value) ?? [])].map(key => this.get(key)!)
  }

  addIndex(name: string, values: (object: T) => string[]): void {
    if (this.#indexes.has(name)) return
    const index: Index<T> = { values, keys: new Map(), entries: new Map() }
    this.#indexes.set(name, index)
    for (const entry of this.#known.values()) move(index, entry.key, entry)
  }

  addHandler(handler: InformerHandler<T>): () => void {
    this.#handlers.add(handler)
    for (const entry of [...this.#known.values()]) handler.added?.(entry.object as T)
    return () => this.#handlers.delete(handler)
  }

  synced(): Promise<void> {
    return this.#synced
  }

  /** Takes over the cache's contents, then follows it; once more whenever the cache was loaded anew. */
  async #start(): Promise<void> {
    while (true) {
      try {
        await this.#cache.ready()
        break
      } catch {
        // The store is away: the cache goes on trying.
      }
    }
    const found = new Map<string, Entry>()
    for (const entry of this.#cache.view().range(this.#filter.from, this.#filter.to)) {
      if (selects(this.#filter, entry)) found.set(entry.key, entry)
    }
    for (const [key, entry] of [...this.#known]) if (!found.has(key)) this.#remove(entry)
    for (const entry of found.values()) this.#store(entry)
    this.hasSynced = true
    this.#cache.listen({
      events: batch => {
        for (const event of batch) this.#event(event)
      },
      reset: isClosed => {
        if (!isClosed) void this.#start()
      },
    })
  }

  #event({ type, entry }: CacheEvent): void {
    if (type !== 'deleted' && selects(this.#filter, entry)) this.#store(entry)
    else if (this.#known.has(entry.key)) this.#remove(entry)
  }

  #store(entry: Entry): void {
    const old = this.#known.get(entry.key)
    if (old?.revision === entry.revision) return
    this.#known.set(entry.key, entry)
    for (const index of this.#indexes.values()) move(index, entry.key, entry)
    for (const handler of this.#handlers) {
      if (old) handler.updated?.(entry.object as T, old.object as T)
      else handler.added?.(entry.object as T)
    }
  }

  #remove(last: Entry): void {
    this.#known.delete(last.key)
    for (const index of this.#indexes.values()) move(index, last.key, undefined)
    for (const handler of this.#handlers) handler.deleted?.(last.object as T)
  }
}

interface Index<T> {
  values: (object: T) => string[]
  keys: Map<string, Set<string>>
  /** Under which values an entry is found, where there are any: what it was need not be parsed for that. */
  entries: Map<string, readonly string[]>
}

function move<T>({ values, keys, entries }: Index<T>, key: string, entry: Entry | undefined): void {
  for (const value of entries.get(key) ?? []) {
    keys.get(value)?.delete(key)
    if (keys.get(value)?.size === 0) keys.delete(value)
  }
  entries.delete(key)
  const found = entry ? values(entry.object as T) : []
  if (found.length === 0) return
  entries.set(key, found)
  for (const value of found) {
    const known = keys.get(value)
    if (known) known.add(key)
    else keys.set(value, new Set([key]))
  }
}
