import type { Registry } from 'prom-client'
import { goDuration } from '../../api/meta/duration.ts'
import type { AuditBackend, AuditReport, AuditTarget } from '../../control-plane/apiserver/audit/backend.ts'
import type { BatchOptions } from '../../control-plane/apiserver/audit/batching.ts'
import { openAuditLog } from '../../control-plane/apiserver/audit/log.ts'
import { auditMetricsOf } from '../../control-plane/apiserver/audit/metrics.ts'
import { AuditRecord } from '../../control-plane/apiserver/audit/record.ts'
import type { Rotation } from '../../control-plane/apiserver/audit/rotating-file.ts'
import type { ApiServerOptions } from '../../control-plane/apiserver/server.ts'
import type { Logger } from '../../plugins/plugin.ts'
import { UserError } from '../failure.ts'
import { type AuditFlags, type Backend, backendFlags } from './audit-flags.ts'

/** What an API server is to tell of its requests, and what has to be closed. */
export interface Audit {
  backend: AuditBackend | undefined
  options: Pick<ApiServerOptions, 'audit' | 'auditBlocks' | 'auditPolicy'>
}

/** Upstream's figures. */
const BUFFER_SIZE = 10_000
const THROTTLE = { qps: 10, burst: 15 }
const MAX_BATCH_BYTES = 10 << 20
const MAX_EVENT_BYTES = 100 << 10
const INITIAL_BACKOFF = 10_000
/** Upstream writes each event to the log as it comes, and posts up to so many at a time. */
const LOG_BATCHES = { maxSize: 1, maxWait: 0, isThrottled: false, parallel: 1 }
const WEBHOOK_BATCHES = { maxSize: 400, maxWait: 30_000, isThrottled: true, parallel: 16 }

/**
 * Opens the audit log and the webhook that the options name.
 * @param flushDeadline milliseconds that what is left may take when the server ends; 4000 where left out
 * @throws where one cannot be used, or the policy cannot
 */
export async function openAudit(
  flags: AuditFlags,
  registry: Registry,
  log: Logger,
  flushDeadline?: number,
): Promise<Audit> {
  checkSizes(flags)
  const policy = flags.auditPolicyFile ? await readPolicy(flags.auditPolicyFile) : undefined
  const report = { metrics: auditMetricsOf(registry), log, flushDeadline }
  const opened = [await openLog(flags, report), await openWebhook(flags, report)]
  const backends = opened.filter(backend => backend !== undefined)
  if (backends.length === 0) return { backend: undefined, options: {} }
  const { union } = await import('../../control-plane/apiserver/audit/backend.ts')
  const backend = union(backends)
  return {
    backend,
    options: {
      audit: event => backend.write(new AuditRecord(event)),
      auditBlocks: backend.blocks,
      ...(policy && { auditPolicy: policy }),
    },
  }
}

/** Finds out, before anything is started, whether the audit log can be had. @throws UserError, or where a file is wrong */
export async function checkAudit(flags: AuditFlags): Promise<void> {
  checkSizes(flags)
  if (flags.auditPolicyFile) await readPolicy(flags.auditPolicyFile)
  if (!flags.auditWebhookConfigFile) return
  const { loadKubeconfig } = await import('../../api/client/kubeconfig.ts')
  await loadKubeconfig(flags.auditWebhookConfigFile).catch(refuseWebhook)
}

function refuseWebhook(cause: Error): never {
  const message = `--audit-webhook-config-file: initializing audit webhook: ${cause.message}`
  throw new UserError(message, undefined, { cause })
}

/** @throws UserError where an event may be larger than a batch */
function checkSizes(flags: AuditFlags): void {
  for (const [backend, name] of [
    ['auditLog', 'log'],
    ['auditWebhook', 'webhook'],
  ] as const) {
    const { truncateMaxBatchSize: batch = MAX_BATCH_BYTES, truncateMaxEventSize: event = MAX_EVENT_BYTES } =
      backendFlags(flags, backend)
    if (batch >= event) continue
    throw new UserError(
      `invalid audit truncate ${name} max batch size ${batch}, must be greater than max event size (${event})`,
    )
  }
}

async function openLog(flags: AuditFlags, report: AuditReport): Promise<AuditBackend | undefined> {
  const { auditLogPath: path } = flags
  if (!path) return undefined
  const rotation: Rotation = {
    maxSize: flags.auditLogMaxsize ?? 0,
    maxAge: flags.auditLogMaxage ?? 0,
    maxBackups: flags.auditLogMaxbackup ?? 0,
    isCompressed: flags.auditLogCompress ?? false,
  }
  if (!flags.auditLogMode) {
    return await shortening(await openAuditLog(path, report, rotation), flags, 'auditLog', report)
  }
  const { openLogTarget } = await import('../../control-plane/apiserver/audit/log.ts')
  return await openBackend(await openLogTarget(path, rotation), flags, 'auditLog', LOG_BATCHES, report)
}

async function openWebhook(flags: AuditFlags, report: AuditReport): Promise<AuditBackend | undefined> {
  const { auditWebhookConfigFile: file, auditWebhookInitialBackoff: backoff } = flags
  if (!file) return undefined
  const { openWebhookTarget } = await import('../../control-plane/apiserver/audit/webhook-target.ts')
  const initial = backoff === undefined ? INITIAL_BACKOFF : goDuration(backoff)!
  const target = await openWebhookTarget(file, initial).catch(refuseWebhook)
  return await openBackend(target, flags, 'auditWebhook', WEBHOOK_BATCHES, report)
}

async function openBackend(
  target: AuditTarget,
  flags: AuditFlags,
  name: Backend,
  usual: typeof LOG_BATCHES,
  report: AuditReport,
): Promise<AuditBackend> {
  const { mode = 'batch' } = backendFlags(flags, name)
  if (mode !== 'batch') {
    const { blocking } = await import('../../control-plane/apiserver/audit/backend.ts')
    return await shortening(blocking(target, mode === 'blocking-strict', report), flags, name, report)
  }
  const { BatchingBackend } = await import('../../control-plane/apiserver/audit/batching.ts')
  const backend = new BatchingBackend(target, batchOptions(flags, name, usual), report)
  return await shortening(backend, flags, name, report)
}

function batchOptions(flags: AuditFlags, name: Backend, usual: typeof LOG_BATCHES): BatchOptions {
  const own = backendFlags(flags, name)
  const isThrottled = isTrue(own.batchThrottleEnable) ?? usual.isThrottled
  return {
    bufferSize: own.batchBufferSize ?? BUFFER_SIZE,
    maxSize: own.batchMaxSize ?? usual.maxSize,
    maxWait: own.batchMaxWait === undefined ? usual.maxWait : goDuration(own.batchMaxWait)!,
    ...(isThrottled && {
      throttle: {
        qps: own.batchThrottleQps ?? THROTTLE.qps,
        burst: own.batchThrottleBurst ?? THROTTLE.burst,
      },
    }),
    ...(isTrue(own.truncateEnabled) && { maxBytes: own.truncateMaxBatchSize ?? MAX_BATCH_BYTES }),
    parallel: usual.parallel,
  }
}

const isTrue = (flag: true | 'true' | 'false' | undefined): boolean | undefined =>
  flag === undefined ? undefined : flag === true || flag === 'true'

async function shortening(
  backend: AuditBackend,
  flags: AuditFlags,
  name: Backend,
  report: AuditReport,
): Promise<AuditBackend> {
  const { truncateEnabled, truncateMaxEventSize: most = MAX_EVENT_BYTES } = backendFlags(flags, name)
  if (!isTrue(truncateEnabled)) return backend
  const { truncating } = await import('../../control-plane/apiserver/audit/truncating.ts')
  return truncating(backend, most, report)
}

async function readPolicy(file: string) {
  const { readAuditPolicy } = await import('../../control-plane/apiserver/audit/read-policy.ts')
  return await readAuditPolicy(file)
}
