import type { Registry } from 'prom-client'
import type { AdmissionAttributes } from '../../plugins/admission.ts'
import { type DurationSeries, HistogramTable } from '../apiserver/metrics/tables.ts'

/** Upper bounds, upstream's. Seconds. */
const BUCKETS = [0.005, 0.025, 0.1, 0.5, 1, 2.5]
const OPERATIONS = ['CREATE', 'UPDATE', 'DELETE', 'CONNECT'] as const

/** The two passes over all plugins. */
export type StepType = 'admit' | 'validate'

type Operation = AdmissionAttributes['operation']

/** Durations of what let requests pass, and of what refused them. */
interface Outcomes {
  passed: DurationSeries
  rejected: DurationSeries
}

/** Times of one pass, or of one plugin in it, by operation. */
export type Times = Readonly<Record<Operation, Outcomes>>

/** How long admission takes, under upstream's names. */
export class AdmissionMetrics {
  #steps: HistogramTable
  #controllers: HistogramTable

  constructor(registry: Registry) {
    const table = (name: string, help: string) =>
      new HistogramTable(registry, `apiserver_admission_${name}_admission_duration_seconds`, help, BUCKETS)
    this.#steps = table('step', 'Time that a pass over all admission plugins took')
    this.#controllers = table('controller', 'Time that admission plugins took')
  }

  ofStep(type: StepType): Times {
    return this.#times(this.#steps, { type })
  }

  ofPlugin(name: string, type: StepType): Times {
    return this.#times(this.#controllers, { name, type })
  }

  #times(table: HistogramTable, labels: Record<string, string>): Times {
    const series = (operation: string, rejected: boolean): DurationSeries => {
      const all = { ...labels, operation, rejected: String(rejected) }
      return table.series(Object.values(all).join(' '), all)
    }
    const outcomes = OPERATIONS.map(operation => [
      operation,
      { passed: series(operation, false), rejected: series(operation, true) },
    ])
    return Object.fromEntries(outcomes)
  }
}
