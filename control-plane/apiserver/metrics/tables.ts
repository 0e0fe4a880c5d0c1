import type { Registry } from 'prom-client'

export type Labels = Record<string, string>

/**
 * Counts kept in plain tables and turned into Prometheus series when scraped: what is counted pays one look-up. Series
 * are told apart by an `id`; their labels are asked for once.
 */
export class CounterTable {
  #series = new Map<string, { labels: Labels; value: number }>()

  constructor(registry: Registry, name: string, help: string) {
    register(registry, name, 'counter', help, () =>
      this.#series.values().map(({ labels, value }) => ({ labels, value })),
    )
  }

  add(id: string, labels: () => Labels, count = 1): void {
    const known = this.#series.get(id)
    if (known) known.value += count
    else this.#series.set(id, { labels: labels(), value: count })
  }
}

interface Distribution {
  labels: Labels
  count: number
  sum: number
  buckets: Uint32Array
}

/** Durations of one sort; it is not shown before the first one. */
export interface DurationSeries {
  observe(seconds: number): void
}

/** Distributions of durations in seconds, kept as {@link CounterTable} keeps counts. */
export class HistogramTable {
  #name: string
  #bounds: readonly number[]
  #series = new Map<string, Distribution>()

  /** `bounds` are the upper bounds of the buckets, in ascending order. */
  constructor(registry: Registry, name: string, help: string, bounds: readonly number[]) {
    this.#name = name
    this.#bounds = bounds
    register(registry, name, 'histogram', help, () => this.#values(this.#name))
  }

  /** Shows the same distributions under another name as well. */
  alsoAs(registry: Registry, name: string, help: string): void {
    register(registry, name, 'histogram', help, () => this.#values(name))
  }

  observe(id: string, labels: () => Labels, seconds: number): void {
    this.#count(this.#series.get(id) ?? this.#begin(id, labels()), seconds)
  }

  /** For who observes often: the series is looked up once. */
  series(id: string, labels: Labels): DurationSeries {
    let known: Distribution | undefined
    return {
      observe: seconds => {
        known ??= this.#series.get(id) ?? this.#begin(id, labels)
        this.#count(known, seconds)
      },
    }
  }

  #begin(id: string, labels: Labels): Distribution {
    const series = { labels, count: 0, sum: 0, buckets: new Uint32Array(this.#bounds.length) }
    this.#series.set(id, series)
    return series
  }

  #count(series: Distribution, seconds: number): void {
    series.count++
    series.sum += seconds
    const bounds = this.#bounds
    let bucket = 0
    while (bucket < bounds.length && seconds > bounds[bucket]!) bucket++
    if (bucket < bounds.length) series.buckets[bucket]!++
  }

  *#values(name: string): Generator<object> {
    for (const { labels, count, sum, buckets } of this.#series.values()) {
      const metricName = `${name}_bucket`
      let below = 0
      for (const [i, le] of this.#bounds.entries()) {
        below += buckets[i]!
        yield { metricName, labels: { ...labels, le }, value: below }
      }
      yield { metricName, labels: { ...labels, le: '+Inf' }, value: count }
      yield { metricName: `${name}_sum`, labels, value: sum }
      yield { metricName: `${name}_count`, labels, value: count }
    }
  }
}

/** Adds a metric whose values are made when the registry is read. */
export function register(
  registry: Registry,
  name: string,
  type: 'counter' | 'gauge' | 'histogram',
  help: string,
  values: () => Iterable<object>,
): void {
  const get = async () => ({ name, type, help, aggregator: 'sum', values: [...values()] })
  registry.registerMetric({ name, get, reset() {} } as never)
}
