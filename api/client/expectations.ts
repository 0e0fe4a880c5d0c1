/**
 * What a controller has asked for and not yet seen in its cache. Acting again before that would do everything twice.
 * Creations are counted, for their names are not known before; deletions are remembered by uid, so that an object that
 * was seen going twice is not taken for two.
 */
export interface Expectations {
  expectCreations(key: string, count: number): void
  expectDeletions(key: string, uids: string[]): void
  /** A created object was seen, or will never come. */
  creationObserved(key: string | undefined): void
  deletionObserved(key: string | undefined, uid: string): void
  /** True when nothing is outstanding, or it has been for too long. */
  isSatisfied(key: string): boolean
  forget(key: string): void
}

/** After this time a missed event must not hold a controller up any more (milliseconds). */
const TIMEOUT = 300_000

interface Outstanding {
  creations: number
  deletions: Set<string>
  at: number
}

export function createExpectations(): Expectations {
  const entries = new Map<string, Outstanding>()
  const expect = (key: string, creations: number, uids: string[]): void =>
    void entries.set(key, { creations, deletions: new Set(uids), at: Date.now() })
  const entryOf = (key: string | undefined): Outstanding | undefined =>
    key === undefined ? undefined : entries.get(key)
  return {
    expectCreations: (key, count) => expect(key, count, []),
    expectDeletions: (key, uids) => expect(key, 0, uids),
    creationObserved(key) {
      const entry = entryOf(key)
      if (entry) entry.creations -= 1
    },
    deletionObserved: (key, uid) => void entryOf(key)?.deletions.delete(uid),
    isSatisfied(key) {
      const entry = entries.get(key)
      if (!entry) return true
      return (entry.creations <= 0 && entry.deletions.size === 0) || Date.now() - entry.at > TIMEOUT
    },
    forget: key => void entries.delete(key),
  }
}
