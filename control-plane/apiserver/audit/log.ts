import type { Logger } from '../../../plugins/plugin.ts'
import type { AuditEvent } from '../pipeline/audit.ts'
import { RotatingFile, type Rotation } from './rotating-file.ts'

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
const KEEP_ALL: Rotation = { maxSize: 0, maxAge: 0, maxBackups: 0, isCompressed: false }

/** What lines are written to. */
interface Output {
  readonly waiting: number
  write(lines: readonly string[]): void
  close(): Promise<void>
}

/**
 * Opens a log of one JSON line an event, `-` for standard output. A file is appended to, and begun anew when it is full.
 * @throws when the file cannot be opened
 */
export async function openAuditLog(
  path: string,
  log: Logger,
  rotation: Partial<Rotation> = {},
): Promise<AuditLog> {
  const failed = (error: Error) => log.error({ error: error.message, path }, 'cannot write the audit log')
  const output: Output =
    path === '-'
      ? standardOutput(failed)
      : await RotatingFile.open(path, { ...KEEP_ALL, ...rotation }, failed)
  let lines: string[] = []
  let lost = 0
  let timer: NodeJS.Timeout | undefined
  const flush = () => {
    timer = undefined
    if (lost > 0) log.warn({ lost, path }, 'audit events were lost: the log is too slow')
    lost = 0
    output.write(lines)
    lines = []
  }
  return {
    write(event) {
      if (output.waiting > MOST_WAITING) lost++
      else lines.push(`${JSON.stringify(event)}\n`)
      timer ??= setTimeout(flush, DELAY)
    },
    async close() {
      clearTimeout(timer)
      flush()
      await output.close()
    },
  }
}

function standardOutput(failed: (error: Error) => void): Output {
  const stream = process.stdout.on('error', failed)
  return {
    get waiting() {
      return stream.writableLength
    },
    write: lines => void stream.write(lines.join('')),
    async close() {},
  }
}
