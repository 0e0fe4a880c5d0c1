import type { Registry } from 'prom-client'
import { type Cell, CounterTable, register } from '../metrics/tables.ts'
import type { AuditLevel } from './policy.ts'

/** What of the audit log failed, as upstream names it. */
export type AuditPlugin = 'buffered' | 'log' | 'truncate' | 'webhook'

/** Metrics of the audit log under upstream's names. */
export class AuditMetrics {
  /** Events that were made. */
  events = 0
  /** Requests that were refused because they could not be told of. */
  rejected = 0
  readonly #levels: CounterTable
  readonly #errors: CounterTable
  readonly #byLevel = new Map<AuditLevel, Cell>()

  constructor(registry: Registry) {
    const single = (name: string, help: string, value: () => number) =>
      register(registry, `apiserver_audit_${name}`, 'counter', help, () => [{ labels: {}, value: value() }])
    single('event_total', 'Audit events that were handed to the log and the webhook', () => this.events)
    single('requests_rejected_total', 'Requests refused as they could not be told of', () => this.rejected)
    this.#levels = new CounterTable(registry, 'apiserver_audit_level_total', 'Requests by how much is told')
    this.#errors = new CounterTable(registry, 'apiserver_audit_error_total', 'Audit events that were lost')
  }

  /** Counts a request of which so much is told. */
  decided(level: AuditLevel): void {
    let cell = this.#byLevel.get(level)
    if (!cell) {
      cell = this.#levels.cell(level, () => ({ level }))
      this.#byLevel.set(level, cell)
    }
    cell.value++
  }

  /** Counts events that were lost. */
  failed(plugin: AuditPlugin, count: number): void {
    this.#errors.add(plugin, () => ({ plugin }), count)
  }
}

const known = new WeakMap<Registry, AuditMetrics>()

/** The audit log's metrics in a registry: who writes the log and who answers requests both count. */
export function auditMetricsOf(registry: Registry): AuditMetrics {
  let metrics = known.get(registry)
  if (!metrics) {
    metrics = new AuditMetrics(registry)
    known.set(registry, metrics)
  }
  return metrics
}
