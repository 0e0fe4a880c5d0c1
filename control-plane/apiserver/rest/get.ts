import { notFound } from '../../../api/meta/status.ts'
import type { Entry } from '../cache/entry.ts'
import type { Resource } from '../kind-registry.ts'
import { keyOf, storeCall, type Target } from './core.ts'

/**
 * Reads one object from memory: as it is now, or, with a resourceVersion, at least as new as that (`0`: whatever the
 * cache holds).
 * @throws StatusError 404
 */
export async function get(resource: Resource, target: Target, resourceVersion?: string): Promise<Entry> {
  const { cache, kind } = resource
  if (resourceVersion === '0') await cache.ready()
  else if (resourceVersion) await cache.waitFor(Number(resourceVersion))
  else await storeCall(cache.current())
  const entry = cache.get(keyOf(target))
  if (!entry) throw notFound(kind, target.name)
  return entry
}
