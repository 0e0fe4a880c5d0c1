/**
 * What a controller has asked for and not yet seen in its cache. Acting again before that would do everything twice.
 */
export interface Expectations {
  expect(key: string, counts: { create?: number; delete?: number }): void
  /** One of the expected changes was seen, or will never come. */
  observe(what: 'create' | 'delete', key: string | undefined): void
  /** True when nothing is outstanding, or it has been for too long. */
  isSatisfied(key: string): boolean
  forget(key: string): void
}

/** After this time a missed event must not hold a controller up any more (milliseconds). */
const TIMEOUT = 300_000

export function createExpectations(): Expectations {
  const entries = new Map<string, { create: number; delete: number; at: number }>()
  return {
    expect: (key, counts) => void entries.set(key, { create: 0, delete: 0, ...counts, at: Date.now() }),
    observe(what, key) {
      const entry = key === undefined ? undefined : entries.get(key)
      if (entry) entry[what] -= 1
    },
    isSatisfied(key) {
      const entry = entries.get(key)
      return !entry || (entry.create <= 0 && entry.delete <= 0) || Date.now() - entry.at > TIMEOUT
    },
    forget: key => void entries.delete(key),
  }
}
