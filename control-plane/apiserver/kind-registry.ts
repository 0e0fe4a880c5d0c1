import { apiVersion, type KindDeclaration, resourceName } from '../../api/kinds/kind.ts'
import type { Strategy } from '../registry/strategy.ts'
import { ConvertedCache } from './cache/converted-cache.ts'
import type { CacheView, WatchCache } from './cache/watch-cache.ts'
import type { Convert } from './rest/conversions.ts'

/** A kind as it is served: its declaration, its rules, and its objects in memory. */
export interface Resource {
  kind: KindDeclaration
  /**
   * Name of the type in the store: `deployments.apps`. All versions of a resource share it, but for custom resources:
   * there each version is a type of its own, which the store converts (see `custom/view-store.ts`).
   */
  type: string
  strategy: Strategy
  cache: CacheView
  /** Where the objects are kept as those of another kind (`kind.storedAs`): that kind, as it is served. */
  storage?: Resource
  /** All forms that the same objects are served in, this one among them, by apiVersion. */
  forms: ReadonlyMap<string, Resource>
  /** Brings an object to another version of a custom resource where that is a webhook's work. */
  convert?: Convert
}

/** What the registry needs to serve a kind. */
export interface KindRegistryOptions {
  createCache(type: string): WatchCache
  strategies: Record<string, Strategy>
}

/**
 * The kinds that are served now. Routes, discovery and OpenAPI are derived from it, so a kind added at run time (a custom
 * resource) is there at once.
 */
export class KindRegistry {
  /** Rises with every change: what is derived from the kinds is made again when it differs. */
  generation = 0
  #resources = new Map<string, Resource>()
  #caches = new Map<string, WatchCache>()
  #forms = new Map<string, Map<string, Resource>>()
  #options: KindRegistryOptions

  constructor(options: KindRegistryOptions) {
    this.#options = options
  }

  /** Serves a kind; a kind of the same group, version and plural is replaced. */
  add(kind: KindDeclaration, strategy?: Strategy, type = resourceName(kind)): Resource {
    if (kind.storedAs) return this.#addView(kind, strategy)
    const cache = this.#caches.get(type) ?? this.#options.createCache(type)
    this.#caches.set(type, cache)
    const forms = this.#formsOf(kind)
    const resource = { kind, type, cache, strategy: strategy ?? this.#options.strategies[type] ?? {}, forms }
    return this.#serve(resource, forms)
  }

  /** Another form of objects that are served already. Its strategy has the defaults of this form; rules are the stored kind's. */
  #addView(kind: KindDeclaration, strategy: Strategy = {}): Resource {
    const { kind: stored, fromStored } = kind.storedAs!
    const storage = this.of(stored)
    const cache = new ConvertedCache(storage.cache as WatchCache, fromStored)
    const forms = this.#formsOf(kind)
    return this.#serve({ kind, type: storage.type, cache, strategy, storage, forms }, forms)
  }

  #serve(resource: Resource, forms: Map<string, Resource>): Resource {
    const { kind } = resource
    this.#resources.set(idOf(kind.group, kind.version, kind.plural), resource)
    forms.set(apiVersion(kind), resource)
    this.generation++
    return resource
  }

  /** Versions of a custom resource have types of their own, and are forms of the same objects all the same. */
  #formsOf(kind: KindDeclaration): Map<string, Resource> {
    const name = resourceName(kind.storedAs?.kind ?? kind)
    const forms = this.#forms.get(name) ?? new Map<string, Resource>()
    this.#forms.set(name, forms)
    return forms
  }

  /** Stops serving a kind. Its watches end when no version of it is left. */
  remove(kind: KindDeclaration): void {
    const type = this.find(kind.group, kind.version, kind.plural)?.type
    if (type === undefined) return
    this.#resources.delete(idOf(kind.group, kind.version, kind.plural))
    this.#formsOf(kind).delete(apiVersion(kind))
    this.generation++
    if (this.all().some(resource => resource.type === type)) return
    this.#caches.get(type)?.close()
    this.#caches.delete(type)
  }

  find(group: string, version: string, plural: string): Resource | undefined {
    return this.#resources.get(idOf(group, version, plural))
  }

  /** The resource of a declaration. Throws when it is not served. */
  of(kind: Pick<KindDeclaration, 'group' | 'version' | 'plural'>): Resource {
    const resource = this.find(kind.group, kind.version, kind.plural)
    if (!resource) throw new Error(`${kind.plural}.${kind.version}.${kind.group} is not served`)
    return resource
  }

  all(): Resource[] {
    return [...this.#resources.values()]
  }

  /** Group → its versions, both in the order in which they were added. */
  groups(): Map<string, string[]> {
    const groups = new Map<string, string[]>()
    for (const { kind } of this.#resources.values()) {
      const versions = groups.get(kind.group) ?? []
      if (!versions.includes(kind.version)) versions.push(kind.version)
      groups.set(kind.group, versions)
    }
    return groups
  }

  /** Resources of one group version in alphabetical order. */
  inGroupVersion(group: string, version: string): Resource[] {
    return this.all()
      .filter(({ kind }) => kind.group === group && kind.version === version)
      .sort((a, b) => (a.kind.plural < b.kind.plural ? -1 : 1))
  }

  close(): void {
    for (const cache of this.#caches.values()) cache.close()
  }
}

const idOf = (group: string, version: string, plural: string): string => `${group}/${version}/${plural}`
