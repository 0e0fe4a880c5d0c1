/** Back-off of a kubelet: doubles from `first` to `longest`, forgotten when nothing failed for twice the longest. */
export interface Backoff {
  /** Milliseconds that still must pass. */
  remaining(key: string): number
  /** The present delay, in milliseconds: what messages name. */
  delay(key: string): number
  fail(key: string): void
  forget(key: string): void
}

export function createBackoff(first: number, longest: number): Backoff {
  const entries = new Map<string, { delay: number; at: number }>()
  const current = (key: string): { delay: number; at: number } | undefined => {
    const entry = entries.get(key)
    if (entry && Date.now() - entry.at > 2 * longest + entry.delay) entries.delete(key)
    return entries.get(key)
  }
  return {
    remaining(key) {
      const entry = current(key)
      return entry ? Math.max(0, entry.at + entry.delay - Date.now()) : 0
    },
    delay: key => current(key)?.delay ?? 0,
    fail(key) {
      const entry = current(key)
      entries.set(key, { delay: entry ? Math.min(entry.delay * 2, longest) : first, at: Date.now() })
    },
    forget: key => void entries.delete(key),
  }
}
