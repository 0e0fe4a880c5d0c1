import { type Command, InvalidArgumentError } from 'commander'
import { goDuration } from '../../api/meta/duration.ts'
import { AUDIT_MODES, type AuditMode } from '../../control-plane/apiserver/audit/backend.ts'

/** How one backend hands events on. Durations are Go's. */
interface BackendFlags {
  mode?: AuditMode
  batchBufferSize?: number
  batchMaxSize?: number
  batchMaxWait?: string
  batchThrottleEnable?: true | 'true' | 'false'
  batchThrottleQps?: number
  batchThrottleBurst?: number
  truncateEnabled?: true | 'true' | 'false'
  truncateMaxBatchSize?: number
  truncateMaxEventSize?: number
  version?: string
}

type Named<Name extends string, Flags> = {
  [Flag in keyof Flags as `${Name}${Capitalize<Flag & string>}`]: Flags[Flag]
}

/** What `skiff server` was told of the audit log. */
export interface AuditFlags extends Named<'auditLog', BackendFlags>, Named<'auditWebhook', BackendFlags> {
  /** A file for audit events, `-` for standard output. */
  auditLogPath?: string
  /** Megabytes. */
  auditLogMaxsize?: number
  /** Days. */
  auditLogMaxage?: number
  auditLogMaxbackup?: number
  auditLogCompress?: boolean
  auditPolicyFile?: string
  /** A kubeconfig: where events are posted to. */
  auditWebhookConfigFile?: string
  auditWebhookInitialBackoff?: string
}

/** The flags of one backend, by its name in them. */
export type Backend = 'auditLog' | 'auditWebhook'

export function backendFlags(flags: AuditFlags, backend: Backend): BackendFlags {
  const own = Object.entries(flags).filter(([name]) => name.startsWith(backend))
  const short = (name: string) =>
    name.slice(backend.length, backend.length + 1).toLowerCase() + name.slice(backend.length + 1)
  return Object.fromEntries(own.map(([name, value]) => [short(name), value]))
}

export function addAuditFlags(command: Command): void {
  command
    .option('--audit-policy-file <file>', 'an audit.k8s.io/v1 Policy (default: metadata of every request)')
    .option('--audit-log-path <file>', 'write an audit event for each request (- for standard output)')
    .option('--audit-log-maxsize <MB>', 'size at which the audit log is begun anew (100)', wholeNumber)
    .option('--audit-log-maxage <days>', 'how long older audit logs are kept (0: for ever)', wholeNumber)
    .option('--audit-log-maxbackup <n>', 'how many older audit logs are kept (0: all)', wholeNumber)
    .option('--audit-log-compress', 'compress older audit logs')
    .option('--audit-webhook-config-file <file>', 'a kubeconfig: post audit events to its server')
    .option(
      '--audit-webhook-initial-backoff <duration>',
      'time before events are posted again (10s)',
      duration,
    )
  addBackendFlags(command, 'log', { mode: 'written together', bufferSize: 10_000, maxSize: 1, wait: '0s' })
  addBackendFlags(command, 'webhook', { mode: 'batch', bufferSize: 10_000, maxSize: 400, wait: '30s' })
}

function addBackendFlags(
  command: Command,
  name: 'log' | 'webhook',
  usual: { mode: string; bufferSize: number; maxSize: number; wait: string },
): void {
  const flag = `--audit-${name}`
  const modes = AUDIT_MODES.join(', ')
  command
    .option(`${flag}-mode <mode>`, `how events are handed on: ${modes} (${usual.mode})`, mode(name))
    .option(`${flag}-batch-buffer-size <n>`, `events that may wait (${usual.bufferSize})`, positive)
    .option(`${flag}-batch-max-size <n>`, `events of one batch (${usual.maxSize})`, positive)
    .option(`${flag}-batch-max-wait <duration>`, `how long a batch is waited for (${usual.wait})`, duration)
    .option(`${flag}-batch-throttle-enable [boolean]`, 'limit the batches a second', boolean)
    .option(`${flag}-batch-throttle-qps <n>`, 'batches a second (10)', positive)
    .option(`${flag}-batch-throttle-burst <n>`, 'batches at once after a rest (15)', positive)
    .option(`${flag}-truncate-enabled [boolean]`, 'shorten events and batches that are too large', boolean)
    .option(`${flag}-truncate-max-batch-size <bytes>`, 'bytes of one batch (10485760)', positive)
    .option(`${flag}-truncate-max-event-size <bytes>`, 'bytes of one event (102400)', positive)
    .option(`${flag}-version <version>`, 'form of the events (audit.k8s.io/v1)', version)
}

function mode(name: string): (value: string) => string {
  return value => {
    if ((AUDIT_MODES as readonly string[]).includes(value)) return value
    const allowed = JSON.stringify(AUDIT_MODES.join(','))
    throw new InvalidArgumentError(`invalid audit ${name} mode ${value}, allowed modes are ${allowed}`)
  }
}

function version(value: string): string {
  if (value !== 'audit.k8s.io/v1') throw new InvalidArgumentError('expected audit.k8s.io/v1')
  return value
}

function wholeNumber(value: string): number {
  if (!/^\d+$/.test(value)) throw new InvalidArgumentError('expected a whole number')
  return Number(value)
}

function positive(value: string): number {
  if (!/^\d+(\.\d+)?$/.test(value) || Number(value) === 0) {
    throw new InvalidArgumentError('expected a positive number')
  }
  return Number(value)
}

/** Kept as it was written, as the server's children are told it. */
function duration(value: string): string {
  if (!goDuration(value)) throw new InvalidArgumentError('expected a duration such as 1h30m or 90s')
  return value
}

function boolean(value: string): string {
  if (value !== 'true' && value !== 'false') throw new InvalidArgumentError('expected true or false')
  return value
}
