import type { InformerFactory } from '../../api/client/client.ts'
import { createObjectCache, type ObjectCache } from '../../api/client/object-cache.ts'
import { type KindDeclaration, resourceName } from '../../api/kinds/kind.ts'
import { type ApiObject, objectKey } from '../../api/meta/object.ts'

/** Informers whose contents a test sets by hand. Scopes are ignored: every scope of a kind sees all of its objects. */
export interface FakeInformers extends InformerFactory {
  /** Adds or changes objects as a watch would; gives each a resourceVersion and, when it has none, a uid. */
  set<T extends ApiObject>(kind: KindDeclaration<T>, ...objects: T[]): void
  delete<T extends ApiObject>(kind: KindDeclaration<T>, key: string): void
}

/** Informers are synced from the start, unless `synced` is false: then a kind is synced by its first {@link sync}. */
export function createFakeInformers({ synced = true } = {}): FakeInformers & { sync(): void } {
  const caches = new Map<string, ObjectCache<any>>()
  let revision = 0
  const isSynced = { now: synced }
  const cacheOf = (kind: KindDeclaration<any>): ObjectCache<any> => {
    const known = caches.get(resourceName(kind))
    if (known) return known
    const cache = createObjectCache<any>()
    if (isSynced.now) cache.replace(new Map())
    caches.set(resourceName(kind), cache)
    return cache
  }
  return {
    informer: kind => cacheOf(kind),
    set(kind, ...objects) {
      for (const object of objects) {
        revision += 1
        const metadata = {
          uid: `uid-${objectKey(object)}`,
          ...object.metadata,
          resourceVersion: String(revision),
        }
        cacheOf(kind).apply({ type: 'MODIFIED', object: { ...structuredClone(object), metadata } })
      }
    },
    delete(kind, key) {
      const cache = cacheOf(kind)
      const object = cache.get(key)
      if (object) cache.apply({ type: 'DELETED', object })
    },
    sync() {
      isSynced.now = true
      for (const cache of caches.values()) {
        cache.replace(new Map(cache.list().map(object => [objectKey(object), object])))
      }
    },
  }
}
