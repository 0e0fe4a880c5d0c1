/** The present as the API writes times (RFC 3339, UTC, whole seconds): meta/v1 Time. */
export const now = (): string => toTime(new Date())

/** A date as meta/v1 Time. */
export const toTime = (date: Date): string => `${date.toISOString().slice(0, 19)}Z`

/** The present as meta/v1 MicroTime (six decimals; the clock gives three). */
export const nowMicro = (): string => `${new Date().toISOString().slice(0, 23)}000Z`
