import { badRequest } from '../status.ts'
import { getOwn, isMap, type Json, setOwn } from './own.ts'

/**
 * JSON merge patch (RFC 7396): objects are merged, null takes a member away, all else replaces. `target` is not changed;
 * what the patch does not touch is shared with it.
 * @throws StatusError 400 when the patch of an object is no object.
 */
export function applyMergePatch<T extends object>(target: T, patch: unknown): T {
  if (!isMap(patch)) throw badRequest('Invalid JSON Patch')
  return mergeMaps(target as Json, patch) as T
}

function mergeMaps(target: Json, patch: Json): Json {
  const result = { ...target }
  for (const key of Object.keys(patch)) {
    const value = patch[key]
    if (value === null) delete result[key]
    else setOwn(result, key, isMap(value) ? mergeMaps(mapOrEmpty(getOwn(result, key)), value) : value)
  }
  return result
}

const mapOrEmpty = (value: unknown): Json => (isMap(value) ? value : {})

/**
 * The smallest merge patch that makes `after` of `before`. Undefined members count as absent.
 */
export function createMergePatch(before: Json, after: Json): Json {
  const patch: Json = {}
  for (const key of Object.keys(before))
    if (before[key] !== undefined && getOwn(after, key) === undefined) setOwn(patch, key, null)
  for (const key of Object.keys(after)) {
    const [old, value] = [getOwn(before, key), after[key]]
    if (value === undefined) continue
    if (isMap(old) && isMap(value)) {
      const inner = createMergePatch(old, value)
      if (Object.keys(inner).length > 0) setOwn(patch, key, inner)
    } else if (JSON.stringify(old) !== JSON.stringify(value)) setOwn(patch, key, value)
  }
  return patch
}
