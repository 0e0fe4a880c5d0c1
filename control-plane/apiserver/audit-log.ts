import { once } from 'node:events'
import { createWriteStream } from 'node:fs'
import { mkdir } from 'node:fs/promises'
import { dirname } from 'node:path'
import type { Writable } from 'node:stream'
import type { Logger } from '../../plugins/plugin.ts'
import type { AuditEvent } from './pipeline/audit.ts'

/** Where audit events go. */
export interface AuditLog {
  write(event: AuditEvent): void
  /** Writes what is left. */
  close(): Promise<void>
}

/** Lines are written together, at the latest after so many milliseconds. */
const DELAY = 50
/** Bytes that may wait for a slow disk. Events beyond that are lost, and that is logged: requests do not wait. */
const MOST_WAITING = 32 << 20

/**
 * Opens a log of one JSON line an event, `-` for standard output. It is appended to.
 * @throws when the file cannot be opened
 */
export async function openAuditLog(path: string, log: Logger): Promise<AuditLog> {
  const stream: Writable = path === '-' ? process.stdout : await openFile(path)
  stream.on('error', error => log.error({ error: error.message, path }, 'cannot write the audit log'))
  let lines = ''
  let lost = 0
  let timer: NodeJS.Timeout | undefined
  const flush = () => {
    timer = undefined
    if (lost > 0) log.warn({ lost, path }, 'audit events were lost: the log is too slow')
    lost = 0
    stream.write(lines)
    lines = ''
  }
  return {
    write(event) {
      if (stream.writableLength > MOST_WAITING) lost++
      else lines += `${JSON.stringify(event)}\n`
      timer ??= setTimeout(flush, DELAY)
    },
    async close() {
      clearTimeout(timer)
      flush()
      if (stream === process.stdout) return
      await new Promise<void>(done => stream.end(() => done()))
    },
  }
}

async function openFile(path: string): Promise<Writable> {
  await mkdir(dirname(path), { recursive: true })
  const stream = createWriteStream(path, { flags: 'a', mode: 0o600 })
  await once(stream, 'open')
  return stream
}
