import type { Registry } from 'prom-client'
import type { StorePlugin } from '../../../plugins/store.ts'
import { HistogramTable } from './tables.ts'

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

/** The same store, whose calls are counted under the name that dashboards know (`etcd_request_duration_seconds`). */
export function timedStore(store: StorePlugin, registry: Registry): StorePlugin {
  const help = 'Time of calls to the store, by operation and type'
  const durations = new HistogramTable(registry, 'etcd_request_duration_seconds', help, BUCKETS)
  const calls = new Map<PropertyKey, unknown>()
  const time = (operation: string, call: Call): Call => {
    return (type, ...rest) => {
      const start = performance.now()
      const answer = call(type, ...rest)
      const observe = () => {
        const labels = () => ({ operation, type })
        durations.observe(`${operation} ${type}`, labels, (performance.now() - start) / 1000)
      }
      answer.then(observe, observe)
      return answer
    }
  }
  return new Proxy(store, {
    get(target, name) {
      if (calls.has(name)) return calls.get(name)
      const value = Reflect.get(target, name, target)
      if (typeof value !== 'function') return value
      const operation = OPERATIONS[name as keyof StorePlugin]
      const bound = value.bind(target)
      const call = operation ? time(operation, bound) : bound
      calls.set(name, call)
      return call
    },
  })
}
