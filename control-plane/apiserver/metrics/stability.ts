/** How far a metric's name and labels can be relied on (KEP-1209). */
export const STABILITIES = ['STABLE', 'BETA', 'ALPHA'] as const
export type Stability = (typeof STABILITIES)[number]

const STABLE = new Set([
  'apiserver_admission_controller_admission_duration_seconds',
  'apiserver_admission_step_admission_duration_seconds',
  'apiserver_admission_webhook_admission_duration_seconds',
  'apiserver_current_inflight_requests',
  'apiserver_longrunning_requests',
  'apiserver_request_duration_seconds',
  'apiserver_request_total',
  'apiserver_requested_deprecated_apis',
  'apiserver_response_sizes',
  'apiserver_storage_objects',
  'apiserver_storage_size_bytes',
  'kubernetes_healthcheck',
  'kubernetes_healthchecks_total',
])
const BETA = new Set([
  'apiserver_cel_compilation_duration_seconds',
  'apiserver_cel_evaluation_duration_seconds',
  'apiserver_flowcontrol_current_executing_requests',
  'apiserver_flowcontrol_current_executing_seats',
  'apiserver_flowcontrol_current_inqueue_requests',
  'apiserver_flowcontrol_dispatched_requests_total',
  'apiserver_flowcontrol_nominal_limit_seats',
  'apiserver_flowcontrol_rejected_requests_total',
  'apiserver_flowcontrol_request_wait_duration_seconds',
  'apiserver_validating_admission_policy_check_duration_seconds',
  'apiserver_validating_admission_policy_check_total',
  'disabled_metrics_total',
  'hidden_metrics_total',
  'registered_metrics_total',
])

/** What upstream v1.34 promises of a metric. */
export function stabilityOf(name: string): Stability {
  if (STABLE.has(name)) return 'STABLE'
  return BETA.has(name) ? 'BETA' : 'ALPHA'
}
