const MINUTE = 60
const HOUR = 3_600
const DAY = 86_400

/**
 * A duration as kubectl's AGE column shows it (apimachinery duration.HumanDuration): two units where the first is small
 * (`2m3s`, `3h20m`, `2d4h`, `3y20d`), one where it is large.
 */
export function humanDuration(seconds: number): string {
  if (seconds < -1) return '<invalid>'
  if (seconds < 0) return '0s'
  const s = Math.floor(seconds)
  if (s < 2 * MINUTE) return `${s}s`
  if (s < 10 * MINUTE) return pair(s, MINUTE, 'm', 1, 's')
  if (s < 3 * HOUR) return `${Math.floor(s / MINUTE)}m`
  if (s < 8 * HOUR) return pair(s, HOUR, 'h', MINUTE, 'm')
  if (s < 2 * DAY) return `${Math.floor(s / HOUR)}h`
  if (s < 8 * DAY) return pair(s, DAY, 'd', HOUR, 'h')
  if (s < 2 * 365 * DAY) return `${Math.floor(s / DAY)}d`
  if (s < 8 * 365 * DAY) return pair(s, 365 * DAY, 'y', DAY, 'd')
  return `${Math.floor(s / (365 * DAY))}y`
}

/** `2m3s`, or `2m` when the smaller unit is zero. */
function pair(s: number, large: number, largeUnit: string, small: number, smallUnit: string): string {
  const rest = Math.floor((s % large) / small)
  const first = `${Math.floor(s / large)}${largeUnit}`
  return rest === 0 ? first : `${first}${rest}${smallUnit}`
}

/** Time since an RFC 3339 timestamp, `<unknown>` without one. */
export function since(timestamp: string | undefined | null, now: Date): string {
  if (!timestamp) return '<unknown>'
  return humanDuration((now.getTime() - Date.parse(timestamp)) / 1000)
}
