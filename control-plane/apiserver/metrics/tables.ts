import type { Registry } from 'prom-client'
import { stabilityOf } from './stability.ts'

export type Labels = Record<string, string>

/**
 * Counts kept in plain tables and turned into Prometheus series when scraped: what is counted pays one look-up. Series
 * are told apart by an `id`; their labels are asked for once.
 */
export class CounterTable {
  #series = new Map<string, Cell>()

  constructor(registry: Registry, name: string, help: string, type: 'counter' | 'gauge' = 'counter') {
    register(registry, name, type, help, () =>
      this.#series.values().map(({ labels, value }) => ({ labels, value })),
    )
  }

  add(id: string, labels: () => Labels, count = 1): void {
    this.cell(id, labels).value += count
  }

  /** For who counts often: the series is looked up once. It is shown from now on, with 0. */
  cell(id: string, labels: () => Labels): Cell {
    const known = this.#series.get(id)
    if (known) return known
    const cell = { labels: labels(), value: 0 }
    this.#series.set(id, cell)
    return cell
  }
}

/** One series of counts. */
export interface Cell {
  readonly labels: Labels
  value: number
}

interface Distribution {
  labels: Labels
  count: number
  sum: number
  buckets: Uint32Array
}

/** Durations of one sort, or sizes; it is not shown before the first one. */
export interface DurationSeries {
  /** @param times how often it was the same */
  observe(value: number, times?: number): void
}

/** Distributions of durations in seconds, or of sizes in bytes, kept as {@link CounterTable} keeps counts. */
export class HistogramTable {
  #name: string
  #bounds: readonly number[]
  #series = new Map<string, Distribution>()

  /** `bounds` are the upper bounds of the buckets, in ascending order. */
  constructor(registry: Registry, name: string, help: string, bounds: readonly number[]) {
    this.#name = name
    this.#bounds = bounds
    register(registry, name, 'histogram', help, () => this.#values())
  }

  observe(id: string, labels: () => Labels, value: number): void {
    this.#count(this.#series.get(id) ?? this.#begin(id, labels()), value, 1)
  }

  /** For who observes often: the series is looked up once. */
  series(id: string, labels: Labels): DurationSeries {
    let known: Distribution | undefined
    return {
      observe: (value, times = 1) => {
        known ??= this.#series.get(id) ?? this.#begin(id, labels)
        this.#count(known, value, times)
      },
    }
  }

  #begin(id: string, labels: Labels): Distribution {
    const series = { labels, count: 0, sum: 0, buckets: new Uint32Array(this.#bounds.length) }
    this.#series.set(id, series)
    return series
  }

  #count(series: Distribution, value: number, times: number): void {
    series.count += times
    series.sum += value * times
    const bounds = this.#bounds
    let bucket = 0
    while (bucket < bounds.length && value > bounds[bucket]!) bucket++
    if (bucket < bounds.length) series.buckets[bucket]! += times
  }

  *#values(): Generator<object> {
    const name = this.#name
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
  values: () => Iterable<object> | Promise<Iterable<object>>,
): void {
  const told = `[${stabilityOf(name)}] ${help}`
  const get = async () => ({ name, type, help: told, aggregator: 'sum', values: [...(await values())] })
  registry.registerMetric({ name, get, reset() {} } as never)
}

/** `count` upper bounds, each `factor` times the one before it. */
export const exponential = (start: number, factor: number, count: number): number[] =>
  Array.from({ length: count }, (_, i) => start * factor ** i)
