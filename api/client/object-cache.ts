import { type ApiObject, objectKey, type WatchEvent } from '../meta/object.ts'
import type { Informer, InformerHandler } from './client.ts'

/** An informer whose contents are given by its owner: a list, then watch events. */
export interface ObjectCache<T extends ApiObject> extends Informer<T> {
  /** Makes the contents equal to a list and tells the handlers the differences. */
  replace(objects: Map<string, T>): void
  apply(event: WatchEvent<T>): void
}

const isDevelopment = (): boolean => process.env.NODE_ENV === 'test' || process.env.NODE_ENV === 'development'

export function createObjectCache<T extends ApiObject>(): ObjectCache<T> {
  const objects = new Map<string, T>()
  const handlers = new Set<InformerHandler<T>>()
  const indexes = new Map<string, Index<T>>()
  const first = Promise.withResolvers<void>()
  let hasSynced = false

  const store = (key: string, object: T): void => {
    if (isDevelopment()) deepFreeze(object)
    const old = objects.get(key)
    objects.set(key, object)
    for (const index of indexes.values()) index.move(key, old, object)
    for (const handler of handlers) {
      tell(() => (old ? handler.updated?.(object, old) : handler.added?.(object)))
    }
  }
  const remove = (key: string, last: T): void => {
    const old = objects.get(key)
    if (!old) return
    objects.delete(key)
    for (const index of indexes.values()) index.move(key, old, undefined)
    for (const handler of handlers) tell(() => handler.deleted?.(last))
  }
  return {
    get: key => objects.get(key),
    list: () => [...objects.values()],
    byIndex(name, value) {
      const index = indexes.get(name)
      if (!index) throw new Error(`informer has no index "${name}"`)
      return [...(index.keys(value) ?? [])].map(key => objects.get(key)!)
    },
    addIndex(name, values) {
      if (indexes.has(name)) return
      const index = createIndex(values)
      for (const [key, object] of objects) index.move(key, undefined, object)
      indexes.set(name, index)
    },
    addHandler(handler) {
      handlers.add(handler)
      for (const object of [...objects.values()]) handler.added?.(object)
      return () => handlers.delete(handler)
    },
    synced: () => first.promise,
    get hasSynced() {
      return hasSynced
    },
    replace(next) {
      for (const [key, old] of [...objects]) if (!next.has(key)) remove(key, old)
      for (const [key, object] of next) {
        if (objects.get(key)?.metadata.resourceVersion !== object.metadata.resourceVersion) store(key, object)
      }
      hasSynced = true
      first.resolve()
    },
    apply({ type, object }) {
      if (type === 'ADDED' || type === 'MODIFIED') store(objectKey(object), object)
      else if (type === 'DELETED') remove(objectKey(object), object)
    },
  }
}

/** A handler that throws has a bug: it must come to light, and must not keep the news from the others. */
function tell(call: () => void): void {
  try {
    call()
  } catch (error) {
    queueMicrotask(() => {
      throw error
    })
  }
}

interface Index<T> {
  keys(value: string): Set<string> | undefined
  move(key: string, old: T | undefined, object: T | undefined): void
}

function createIndex<T>(values: (object: T) => string[]): Index<T> {
  const index = new Map<string, Set<string>>()
  const add = (value: string, key: string): void => {
    const keys = index.get(value)
    if (keys) keys.add(key)
    else index.set(value, new Set([key]))
  }
  const drop = (value: string, key: string): void => {
    const keys = index.get(value)
    keys?.delete(key)
    if (keys?.size === 0) index.delete(value)
  }
  return {
    keys: value => index.get(value),
    move(key, old, object) {
      if (old) for (const value of values(old)) drop(value, key)
      if (object) for (const value of values(object)) add(value, key)
    },
  }
}

/** Shared objects must not change: in tests and development changing one throws. */
function deepFreeze(value: unknown): void {
  if (typeof value !== 'object' || value === null || Object.isFrozen(value)) return
  Object.freeze(value)
  for (const member of Object.values(value)) deepFreeze(member)
}
