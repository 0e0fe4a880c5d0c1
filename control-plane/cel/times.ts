import { Distribution } from '../apiserver/metrics/distribution.ts'

/** Upper bounds, those of any Prometheus client. Seconds. */
const BUCKETS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10]
const MILLI = 1_000

/** How long rules of schemas took in this process, in seconds. */
export const celTimes = { compilation: new Distribution(BUCKETS), evaluation: new Distribution(BUCKETS) }

/** Does something and counts how long it took. */
export function timed<T>(what: keyof typeof celTimes, work: () => T): T {
  const start = performance.now()
  try {
    return work()
  } finally {
    celTimes[what].add((performance.now() - start) / MILLI)
  }
}
