import type { Registry } from 'prom-client'
import { CounterTable, HistogramTable } from '../../apiserver/metrics/tables.ts'

/** Upper bounds, upstream's. Seconds. */
const BUCKETS = [0.005, 0.025, 0.1, 0.5, 1, 2.5, 10, 25]
const CONDITION_BUCKETS = [0.005, 0.025, 0.1, 0.5, 1, 2.5]
const HIGHEST_CODE = 600

/** Which of the two steps a webhook is part of. */
export type WebhookType = 'admit' | 'validating'

export type RejectionCause = 'calling_webhook_error' | 'apiserver_internal_error' | 'no_error'

/** One call of one webhook, or one look at a policy (`validate`). */
export interface ObservedCall {
  name: string
  type: WebhookType | 'validate'
  operation: string
}

/** Metrics of webhooks under upstream's names. */
export class WebhookMetrics {
  #durations: HistogramTable
  #requests: CounterTable
  #rejections: CounterTable
  #failedOpen: CounterTable
  #exclusions: CounterTable
  #conditionErrors: CounterTable
  #conditionTimes: HistogramTable

  constructor(registry: Registry) {
    const prefix = 'apiserver_admission'
    this.#durations = new HistogramTable(
      registry,
      `${prefix}_webhook_admission_duration_seconds`,
      'Time that webhooks took',
      BUCKETS,
    )
    this.#conditionTimes = new HistogramTable(
      registry,
      `${prefix}_match_condition_evaluation_seconds`,
      'Time that match conditions took',
      CONDITION_BUCKETS,
    )
    const counter = (name: string, help: string) => new CounterTable(registry, `${prefix}_${name}`, help)
    this.#requests = counter('webhook_request_total', 'Calls of webhooks')
    this.#rejections = counter('webhook_rejection_count', 'Requests that webhooks refused')
    this.#failedOpen = counter('webhook_fail_open_count', 'Failed calls that were ignored')
    this.#exclusions = counter('match_condition_exclusions_total', 'Requests that match conditions left out')
    this.#conditionErrors = counter(
      'match_condition_evaluation_errors_total',
      'Match conditions that could not be evaluated',
    )
  }

  called(call: ObservedCall, seconds: number, rejected: boolean, code: number): void {
    const labels = { ...call, rejected: String(rejected) }
    const id = idOf(labels)
    this.#durations.observe(id, () => labels, seconds)
    const shown = String(Math.min(code, HIGHEST_CODE))
    this.#requests.add(`${id} ${shown}`, () => ({ ...labels, code: shown }))
  }

  rejected(call: ObservedCall, cause: RejectionCause, code: number): void {
    const labels = { ...call, error_type: cause, rejection_code: String(Math.min(code, HIGHEST_CODE)) }
    this.#rejections.add(idOf(labels), () => labels)
  }

  failedOpen({ name, type }: ObservedCall): void {
    this.#failedOpen.add(`${name} ${type}`, () => ({ name, type }))
  }

  /** `kind`: whose conditions they are, `webhook` or `policy`. */
  excluded({ name, type, operation }: ObservedCall, kind: string): void {
    const labels = { name, kind, type, operation }
    this.#exclusions.add(idOf(labels), () => labels)
  }

  conditionsTested({ name, type, operation }: ObservedCall, kind: string, seconds: number): void {
    const labels = { name, kind, type, operation }
    this.#conditionTimes.observe(idOf(labels), () => labels, seconds)
  }

  conditionFailed({ name, type, operation }: ObservedCall, kind: string): void {
    const labels = { name, kind, type, operation }
    this.#conditionErrors.add(idOf(labels), () => labels)
  }
}

const idOf = (labels: Record<string, string>): string => Object.values(labels).join(' ')
