/** The present as the API writes times (RFC 3339, UTC, whole seconds): meta/v1 Time. */
export function now(): string {
  const second = Math.floor(Date.now() / 1000)
  if (second !== latest.second) latest = { second, text: toTime(new Date(second * 1000)) }
  return latest.text
}

/** The text of the present second: every write asks for it more than once. */
let latest = { second: Number.NaN, text: '' }

/** A date as meta/v1 Time. */
export const toTime = (date: Date): string => `${date.toISOString().slice(0, 19)}Z`

/** The present as meta/v1 MicroTime (six decimals; the clock gives three). */
export const nowMicro = (): string => `${new Date().toISOString().slice(0, 23)}000Z`
