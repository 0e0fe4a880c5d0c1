import type { Logger } from '../../../plugins/plugin.ts'
import type { AuditMetrics, AuditPlugin } from './metrics.ts'
import type { AuditRecord } from './record.ts'

/** How events are handed on: gathered and later, or before the request goes on (`strict`: or not at all). */
export const AUDIT_MODES = ['batch', 'blocking', 'blocking-strict'] as const
export type AuditMode = (typeof AUDIT_MODES)[number]

/** Takes events as they are made. */
export interface AuditBackend {
  /** Whether requests are to wait for what `write` gives. */
  readonly blocks: boolean
  /** Takes an event. A promise tells whether the request may go on. Never throws, never rejects. */
  write(record: AuditRecord): void | Promise<boolean>
  /** Hands on what is left, within some seconds. */
  close(): Promise<void>
}

/** Where events go in the end. */
export interface AuditTarget {
  readonly name: AuditPlugin
  /** Resolves when the events are there. @throws when they cannot be brought there, or the signal aborts */
  send(records: readonly AuditRecord[], signal: AbortSignal): Promise<void>
  close(): Promise<void>
}

/** What backends tell of failures. */
export interface AuditReport {
  metrics: AuditMetrics
  log: Logger
  /** Milliseconds that a backend has to hand on what is left when the server ends; 4000 where left out. */
  flushDeadline?: number | undefined
}

const FLUSH_DEADLINE = 4_000

/** A signal that aborts when a backend that is closed has no more time. Gives the function that calls it off. */
export function giveUpLater(
  ending: AbortController,
  { flushDeadline = FLUSH_DEADLINE }: AuditReport,
): () => void {
  const timer = setTimeout(() => ending.abort(new Error('the server ends')), flushDeadline)
  return () => clearTimeout(timer)
}

/** Hands on events; counts and logs those that did not get there. Resolves with whether they did. */
export async function deliver(
  target: AuditTarget,
  records: readonly AuditRecord[],
  { metrics, log }: AuditReport,
  signal: AbortSignal,
): Promise<boolean> {
  try {
    await target.send(records, signal)
    return true
  } catch (error) {
    metrics.failed(target.name, records.length)
    const told = { plugin: target.name, events: records.length, error: (error as Error).message }
    log.error(told, 'audit events were lost')
    return false
  }
}

/** Requests wait until their events are handed on; where it is strict they are refused if that fails. */
export function blocking(target: AuditTarget, isStrict: boolean, report: AuditReport): AuditBackend {
  const ending = new AbortController()
  const underWay = new Set<Promise<boolean>>()
  return {
    blocks: true,
    write(record) {
      const sent = deliver(target, [record], report, ending.signal).then(isThere => isThere || !isStrict)
      underWay.add(sent)
      void sent.finally(() => underWay.delete(sent))
      return sent
    },
    async close() {
      const done = giveUpLater(ending, report)
      await Promise.all(underWay)
      done()
      await target.close()
    },
  }
}

/** Hands each event to several backends. */
export function union(backends: readonly AuditBackend[]): AuditBackend {
  if (backends.length === 1) return backends[0]!
  return {
    blocks: backends.some(({ blocks }) => blocks),
    write(record) {
      const waits = backends.map(backend => backend.write(record)).filter(written => !!written)
      if (waits.length > 0) return Promise.all(waits).then(all => all.every(Boolean))
    },
    async close() {
      await Promise.all(backends.map(backend => backend.close()))
    },
  }
}
