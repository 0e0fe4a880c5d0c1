/** Whether two JSON values are the same; the order of members does not count, members that are undefined are not there. */
export function isEqual(a: unknown, b: unknown): boolean {
  if (a === b) return true
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return false
  if (Array.isArray(a)) {
    return Array.isArray(b) && a.length === b.length && a.every((member, i) => isEqual(member, b[i]))
  }
  return !Array.isArray(b) && isEqualObject(a as Record<string, unknown>, b as Record<string, unknown>)
}

function isEqualObject(a: Record<string, unknown>, b: Record<string, unknown>): boolean {
  for (const name in a) if (!isEqual(a[name], b[name])) return false
  for (const name in b) if (b[name] !== undefined && a[name] === undefined) return false
  return true
}
