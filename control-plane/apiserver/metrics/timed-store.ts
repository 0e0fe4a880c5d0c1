import type { Registry } from 'prom-client'
import type { StorePlugin } from '../../../plugins/store.ts'
import { groupResourceOf } from './group-resource.ts'
import { type Cell, CounterTable, type DurationSeries, HistogramTable } from './tables.ts'

/** Calls that are timed, and what etcd calls the same. */
const OPERATIONS: Partial<Record<keyof StorePlugin, string>> = {
  get: 'get',
  snapshot: 'list',
  revision: 'getCurrentRevision',
  put: 'update',
  delete: 'delete',
}
const BUCKETS = [
  0.005, 0.025, 0.05, 0.1, 0.2, 0.4, 0.6, 0.8, 1, 1.25, 1.5, 2, 3, 4, 5, 6, 8, 10, 15, 20, 30, 45, 60,
]

type Call = (type: string, ...rest: unknown[]) => Promise<unknown>

/** What is counted of one operation on one type. */
interface Series {
  durations: DurationSeries
  total: Cell
  fail(): void
}

/** The same store, whose calls are counted under the names that dashboards know (`etcd_request_duration_seconds` …). */
export function timedStore(store: StorePlugin, registry: Registry): StorePlugin {
  const counts = new StoreCounts(registry)
  const calls = new Map<PropertyKey, unknown>()
  return new Proxy(store, {
    get(target, name) {
      if (calls.has(name)) return calls.get(name)
      const value = Reflect.get(target, name, target)
      if (typeof value !== 'function') return value
      const operation = OPERATIONS[name as keyof StorePlugin]
      const bound = value.bind(target)
      const call = operation ? timed(counts.of(operation), bound) : bound
      calls.set(name, call)
      return call
    },
  })
}

function timed(seriesOf: (type: string) => Series, call: Call): Call {
  return (type, ...rest) => {
    const start = performance.now()
    const answer = call(type, ...rest)
    const observe = () => {
      const series = seriesOf(type)
      series.total.value++
      series.durations.observe((performance.now() - start) / 1000)
      return series
    }
    answer.then(observe, () => observe().fail())
    return answer
  }
}

class StoreCounts {
  readonly #durations: HistogramTable
  readonly #totals: CounterTable
  readonly #errors: CounterTable

  constructor(registry: Registry) {
    const name = 'etcd_request_duration_seconds'
    this.#durations = new HistogramTable(registry, name, 'Time of calls to the store', BUCKETS)
    this.#totals = new CounterTable(registry, 'etcd_requests_total', 'Calls to the store')
    this.#errors = new CounterTable(registry, 'etcd_request_errors_total', 'Calls to the store that failed')
  }

  /** The series of an operation, by type. */
  of(operation: string): (type: string) => Series {
    const known = new Map<string, Series>()
    return type => {
      let series = known.get(type)
      if (!series) {
        series = this.#begin(operation, type)
        known.set(type, series)
      }
      return series
    }
  }

  #begin(operation: string, type: string): Series {
    const labels = { operation, ...groupResourceOf(type) }
    const id = Object.values(labels).join(' ')
    return {
      durations: this.#durations.series(id, labels),
      total: this.#totals.cell(id, () => labels),
      fail: () => this.#errors.add(id, () => labels),
    }
  }
}
