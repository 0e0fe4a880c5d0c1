/** Whether two JSON values are the same; the order of members does not count, members that are undefined are not there. */
export function isEqual(a: unknown, b: unknown): boolean {
  if (a === b) return true
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return false
  if (Array.isArray(a)) return Array.isArray(b) && isEqualList(a, b)
  return !Array.isArray(b) && isEqualObject(a as Record<string, unknown>, b as Record<string, unknown>)
}

function isEqualList(a: readonly unknown[], b: readonly unknown[]): boolean {
  if (a.length !== b.length) return false
  for (let i = 0; i < a.length; i++) if (!isEqual(a[i], b[i])) return false
  return true
}

/**
 * Over lists of names: V8 compiles a member looked up within `for … in` for the shapes it saw, and for a walk over objects
 * of every shape it did so again and again (20 ms of a processor each time, a millisecond for every write).
 */
function isEqualObject(a: Record<string, unknown>, b: Record<string, unknown>): boolean {
  for (const name of Object.keys(a)) if (!isEqual(a[name], b[name])) return false
  for (const name of Object.keys(b)) if (b[name] !== undefined && a[name] === undefined) return false
  return true
}
