/** A JSON object. */
export type Json = Record<string, unknown>

/** True for what JSON writes in braces. */
export const isMap = (value: unknown): value is Json =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

/** Sets an own member. `__proto__` is a legal key of a ConfigMap, and plain assignment would change the prototype. */
export function setOwn(target: Json, key: string, value: unknown): void {
  if (key !== '__proto__') target[key] = value
  else Object.defineProperty(target, key, { value, writable: true, enumerable: true, configurable: true })
}

/** Reads an own member: nothing that objects inherit. */
export const getOwn = (target: Json, key: string): unknown =>
  Object.hasOwn(target, key) ? target[key] : undefined

/** Equality of JSON values; the order of members does not count. */
export function isSame(a: unknown, b: unknown): boolean {
  if (a === b) return true
  if (Array.isArray(a))
    return Array.isArray(b) && a.length === b.length && a.every((item, i) => isSame(item, b[i]))
  if (!isMap(a) || !isMap(b)) return false
  const keys = Object.keys(a)
  return (
    keys.length === Object.keys(b).length &&
    keys.every(key => Object.hasOwn(b, key) && isSame(a[key], b[key]))
  )
}
