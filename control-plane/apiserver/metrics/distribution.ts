import type { Labels } from './tables.ts'

/** Counts of values by the bucket they fall in. */
export class Distribution {
  readonly counts: Float64Array
  sum = 0
  readonly #bounds: readonly number[]

  /** `bounds` are the upper bounds of the buckets, in ascending order. */
  constructor(bounds: readonly number[]) {
    this.#bounds = bounds
    this.counts = new Float64Array(bounds.length + 1)
  }

  /** Counts a value, with so much weight. */
  add(value: number, weight = 1): void {
    const bounds = this.#bounds
    let bucket = 0
    while (bucket < bounds.length && value > bounds[bucket]!) bucket++
    this.counts[bucket]! += weight
    this.sum += value * weight
  }

  /** The series of a histogram; nothing where nothing was counted. */
  *series(name: string, labels: Labels, scale = 1): Generator<object> {
    let below = 0
    for (const [i, count] of this.counts.entries()) {
      below += count
      const le = this.#bounds[i] ?? '+Inf'
      yield { metricName: `${name}_bucket`, labels: { ...labels, le }, value: Math.round(below * scale) }
    }
    yield { metricName: `${name}_sum`, labels, value: this.sum * scale }
    yield { metricName: `${name}_count`, labels, value: Math.round(below * scale) }
  }

  /** The weight of all values. */
  get count(): number {
    return this.counts.reduce((sum, count) => sum + count, 0)
  }

  get isEmpty(): boolean {
    return this.counts.every(count => count === 0)
  }
}
