import { type AuditLog, openAuditLog } from '../../control-plane/apiserver/audit/log.ts'
import type { ApiServerOptions } from '../../control-plane/apiserver/server.ts'
import type { Logger } from '../../plugins/plugin.ts'
import type { ServerOptions } from './options.ts'

/** What an API server is to tell of its requests, and the log that has to be closed. */
export interface Audit {
  log: AuditLog | undefined
  options: Pick<ApiServerOptions, 'audit' | 'auditPolicy'>
}

/**
 * Opens the audit log that the options name.
 * @throws where it cannot be written or the policy cannot be used
 */
export async function openAudit(options: ServerOptions, log: Logger): Promise<Audit> {
  const policy = options.auditPolicyFile ? await readPolicy(options.auditPolicyFile) : undefined
  if (!options.auditLogPath) return { log: undefined, options: {} }
  const auditLog = await openAuditLog(options.auditLogPath, log, {
    maxSize: options.auditLogMaxsize ?? 0,
    maxAge: options.auditLogMaxage ?? 0,
    maxBackups: options.auditLogMaxbackup ?? 0,
    isCompressed: options.auditLogCompress ?? false,
  })
  return { log: auditLog, options: { audit: auditLog.write, ...(policy && { auditPolicy: policy }) } }
}

async function readPolicy(file: string) {
  const { readAuditPolicy } = await import('../../control-plane/apiserver/audit/read-policy.ts')
  return await readAuditPolicy(file)
}
