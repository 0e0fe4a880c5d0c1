import type { AuditEvent } from '../pipeline/audit.ts'
import type { AuditBackend, AuditReport } from './backend.ts'
import { AuditRecord } from './record.ts'

const WITH_OBJECTS = new Set<unknown>(['Request', 'RequestResponse'])

/** Takes the objects out of events that are too large; what is too large all the same is lost. @param most bytes */
export function truncating(backend: AuditBackend, most: number, report: AuditReport): AuditBackend {
  return {
    blocks: backend.blocks,
    write(record) {
      if (record.size <= most) return backend.write(record)
      const short = WITH_OBJECTS.has(record.event.level) ? new AuditRecord(shortened(record.event)) : record
      if (short.size <= most) return backend.write(short)
      report.metrics.failed('truncate', 1)
      const error = 'event is too large even after truncating'
      report.log.error({ plugin: 'truncate', events: 1, error }, 'audit events were lost')
    },
    close: () => backend.close(),
  }
}

function shortened({ requestObject, responseObject, annotations, ...event }: AuditEvent): AuditEvent {
  return { ...event, annotations: { ...(annotations as object), 'audit.k8s.io/truncated': 'true' } }
}
