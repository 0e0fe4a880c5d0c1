import type { AuditBackend, AuditReport, AuditTarget } from './backend.ts'
import { RotatingFile, type Rotation, written } from './rotating-file.ts'

/** Lines are written together, at the latest after so many milliseconds. */
const DELAY = 50
/** Bytes that may wait for a slow disk. Events beyond that are lost, and that is logged: requests do not wait. */
const MOST_WAITING = 32 << 20
const KEEP_ALL: Rotation = { maxSize: 0, maxAge: 0, maxBackups: 0, isCompressed: false }

/** What lines are written to. */
interface Output {
  readonly waiting: number
  write(lines: readonly string[]): void
  /** Resolves when what was written is on its way to the disk. @throws when it could not be written */
  written(): Promise<void>
  close(): Promise<void>
}

function openOutput(
  path: string,
  rotation: Partial<Rotation>,
  failed: (error: Error) => void,
): Promise<Output> | Output {
  return path === '-' ? standardOutput(failed) : RotatingFile.open(path, { ...KEEP_ALL, ...rotation }, failed)
}

/**
 * Opens a log of one JSON line an event, `-` for standard output. A file is appended to, and begun anew when it is full.
 * @throws when the file cannot be opened
 */
export async function openAuditLog(
  path: string,
  { log, metrics }: AuditReport,
  rotation: Partial<Rotation> = {},
): Promise<AuditBackend> {
  const output = await openOutput(path, rotation, error => {
    metrics.failed('log', 1)
    log.error({ error: error.message, path }, 'cannot write the audit log')
  })
  let lines: string[] = []
  let lost = 0
  let timer: NodeJS.Timeout | undefined
  const flush = () => {
    timer = undefined
    if (lost > 0) {
      metrics.failed('buffered', lost)
      log.warn({ lost, path }, 'audit events were lost: the log is too slow')
    }
    lost = 0
    output.write(lines)
    lines = []
  }
  return {
    blocks: false,
    write({ text }) {
      if (output.waiting > MOST_WAITING) lost++
      else lines.push(`${text}\n`)
      timer ??= setTimeout(flush, DELAY)
    },
    async close() {
      clearTimeout(timer)
      flush()
      await output.close()
    },
  }
}

/**
 * The same log as what batches of events, or single ones that a request waits for, are handed to.
 * @throws when the file cannot be opened
 */
export async function openLogTarget(path: string, rotation: Partial<Rotation> = {}): Promise<AuditTarget> {
  // Whoever writes is told.
  const output = await openOutput(path, rotation, () => {})
  return {
    name: 'log',
    async send(records) {
      output.write(records.map(({ text }) => `${text}\n`))
      await output.written()
    },
    close: () => output.close(),
  }
}

function standardOutput(failed: (error: Error) => void): Output {
  const stream = process.stdout.on('error', failed)
  return {
    get waiting() {
      return stream.writableLength
    },
    write: lines => void stream.write(lines.join('')),
    written: () => written(stream),
    async close() {},
  }
}
