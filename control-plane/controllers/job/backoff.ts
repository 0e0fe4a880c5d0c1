import type { Pod } from '../../../api/kinds/types.ts'
import { endedAt, hasSucceeded } from './pods.ts'

/** The pause after a first failure, doubled with each further one, and the longest. Milliseconds. */
const FIRST = 10_000
const LONGEST = 600_000

/** Failures in a row, with the time of the last. */
export interface FailureStreak {
  failures: number
  /** Milliseconds; 0 for none. */
  lastAt: number
}

/** The streak after Pods have ended, each of which is told once. A success ends it. */
export function extendStreak(
  streak: FailureStreak,
  ended: readonly { pod: Pod; isFailure: boolean }[],
): FailureStreak {
  const inOrder = [...ended].sort((a, b) => endedAt(a.pod) - endedAt(b.pod))
  return inOrder.reduce(
    (before, { pod, isFailure }) =>
      isFailure && !hasSucceeded(pod)
        ? { failures: before.failures + 1, lastAt: endedAt(pod) }
        : { failures: 0, lastAt: 0 },
    streak,
  )
}

/** Milliseconds until another Pod may be made; 0 or less for now. */
export function backoffLeft({ failures, lastAt }: FailureStreak, now: number): number {
  if (failures === 0) return 0
  return lastAt + Math.min(FIRST * 2 ** (failures - 1), LONGEST) - now
}
