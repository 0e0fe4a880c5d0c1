interface Policy {
  type: string
  value: number
  periodSeconds: number
}

interface Rules {
  stabilizationWindowSeconds?: number
  selectPolicy?: string
  policies?: Policy[]
}

export interface Behavior {
  scaleUp?: Rules
  scaleDown?: Rules
}

/** What an autoscaler remembers of the past. Times in milliseconds. */
export interface Past {
  /** What was recommended when. */
  recommendations: { replicas: number; at: number }[]
  /** By how many Pods it was changed when. */
  changes: { by: number; at: number }[]
}

/** A bound that held, as the condition ScalingLimited tells it. */
export interface Limit {
  reason: string
  message: string
}

const DOWN_WINDOW = 300
const PERIOD = 15

/** What holds where nothing is said: fast up, slowly down. */
const DEFAULT_UP: Rules = {
  policies: [
    { type: 'Pods', value: 4, periodSeconds: PERIOD },
    { type: 'Percent', value: 100, periodSeconds: PERIOD },
  ],
}
const DEFAULT_DOWN: Rules = { policies: [{ type: 'Percent', value: 100, periodSeconds: PERIOD }] }

/** The recommendation after the highest (lowest) of the recent ones held it up; `isHeld` when one did. */
export function stabilize(
  { scaleUp, scaleDown }: Behavior,
  past: Past,
  current: number,
  wanted: number,
  now: number,
): { replicas: number; isHeld: boolean } {
  const within = (seconds: number): number[] =>
    past.recommendations.filter(({ at }) => at > now - seconds * 1000).map(({ replicas }) => replicas)
  const lowest = Math.min(wanted, ...within(scaleUp?.stabilizationWindowSeconds ?? 0))
  const highest = Math.max(wanted, ...within(scaleDown?.stabilizationWindowSeconds ?? DOWN_WINDOW))
  const replicas = Math.min(Math.max(current, lowest), highest)
  return { replicas, isHeld: replicas !== wanted }
}

/** The size that the policies and the autoscaler's own bounds leave of a recommendation. */
export function limit(
  { scaleUp = {}, scaleDown = {} }: Behavior,
  past: Past,
  current: number,
  wanted: number,
  bounds: { min: number; max: number },
  now: number,
): { replicas: number; limit: Limit | undefined } {
  if (wanted > current) {
    const top = Math.max(rateLimit(scaleUp, DEFAULT_UP, past, current, 1, now), current)
    const most = Math.min(top, bounds.max)
    if (wanted <= most) return { replicas: wanted, limit: undefined }
    return { replicas: most, limit: most === bounds.max ? TOO_MANY : UP_RATE }
  }
  const bottom = Math.min(rateLimit(scaleDown, DEFAULT_DOWN, past, current, -1, now), current)
  const least = Math.max(bottom, bounds.min)
  if (wanted >= least)
    return wanted > bounds.max
      ? { replicas: bounds.max, limit: TOO_MANY }
      : { replicas: wanted, limit: undefined }
  return { replicas: least, limit: least === bounds.min ? TOO_FEW : DOWN_RATE }
}

const TOO_MANY: Limit = {
  reason: 'TooManyReplicas',
  message: 'the desired replica count is more than the maximum replica count',
}
const TOO_FEW: Limit = {
  reason: 'TooFewReplicas',
  message: 'the desired replica count is less than the minimum replica count',
}
const UP_RATE: Limit = {
  reason: 'ScaleUpLimit',
  message: 'the desired replica count is increasing faster than the maximum scale rate',
}
const DOWN_RATE: Limit = {
  reason: 'ScaleDownLimit',
  message: 'the desired replica count is decreasing faster than the maximum scale rate',
}

/** How far the policies let it go from where it was when their periods began. */
function rateLimit(
  { selectPolicy = 'Max', policies }: Rules,
  standard: Rules,
  past: Past,
  current: number,
  sign: 1 | -1,
  now: number,
): number {
  if (selectPolicy === 'Disabled') return current
  const reaches = (policies ?? standard.policies!).map(({ type, value, periodSeconds }) => {
    const changed = past.changes
      .filter(({ by, at }) => Math.sign(by) === sign && at > now - periodSeconds * 1000)
      .reduce((sum, { by }) => sum + by, 0)
    const start = current - changed
    if (type === 'Pods') return start + sign * value
    const share = start * (1 + (sign * value) / 100)
    return sign > 0 ? Math.ceil(share - 1e-9) : Math.floor(share + 1e-9)
  })
  // The farthest for Max, the nearest for Min: which end that is depends on the direction.
  return (selectPolicy === 'Max') === sign > 0 ? Math.max(...reaches) : Math.min(...reaches)
}
