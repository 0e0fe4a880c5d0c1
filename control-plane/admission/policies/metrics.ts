import type { Registry } from 'prom-client'
import { CounterTable, HistogramTable } from '../../apiserver/metrics/tables.ts'
import type { ErrorType } from './evaluate.ts'

/** Upper bounds, upstream's. Seconds. */
const BUCKETS = [0.000_000_5, 0.001, 0.01, 0.1, 1]

/** What became of a validation. */
export type Enforcement = 'allow' | 'deny' | 'audit' | 'warn'

/** Metrics of policies under upstream's names. */
export class PolicyMetrics {
  #checks: CounterTable
  #durations: HistogramTable

  constructor(registry: Registry) {
    const prefix = 'apiserver_validating_admission_policy'
    this.#checks = new CounterTable(registry, `${prefix}_check_total`, 'Validations that did not just hold')
    this.#durations = new HistogramTable(
      registry,
      `${prefix}_check_duration_seconds`,
      'Time that policies took',
      BUCKETS,
    )
  }

  checked(policy: string, binding: string, errorType: ErrorType, action: Enforcement, seconds: number): void {
    const labels = { policy, policy_binding: binding, error_type: errorType, enforcement_action: action }
    const id = Object.values(labels).join(' ')
    this.#checks.add(id, () => labels)
    this.#durations.observe(id, () => labels, seconds)
  }
}
