import { closeSync, createReadStream, createWriteStream, fstatSync, openSync, renameSync } from 'node:fs'
import { mkdir, readdir, rm } from 'node:fs/promises'
import { dirname, extname, join } from 'node:path'
import type { Writable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { createGzip } from 'node:zlib'

/** When a file is full, and what is kept of those before it. */
export interface Rotation {
  /** Megabytes a file may have; 100 for 0. */
  maxSize: number
  /** Days that older files are kept; 0 for any. */
  maxAge: number
  /** Older files that are kept; 0 for any. */
  maxBackups: number
  /** Whether older files are compressed. */
  isCompressed: boolean
}

const MEGABYTE = 1 << 20
const DEFAULT_SIZE = 100
const DAY = 24 * 60 * 60 * 1000
const GZIP = '.gz'

/**
 * A file that is appended to until it is full; then it is renamed after the time (`audit-2025-01-31T12-00-00.000.log`), and
 * a new one is begun.
 */
export class RotatingFile {
  readonly #path: string
  readonly #rotation: Rotation
  readonly #onError: (error: Error) => void
  #stream!: Writable
  #size = 0
  #cleaning: Promise<void> = Promise.resolve()

  private constructor(path: string, rotation: Rotation, onError: (error: Error) => void) {
    this.#path = path
    this.#rotation = rotation
    this.#onError = onError
  }

  /** @throws when the file cannot be opened */
  static async open(
    path: string,
    rotation: Rotation,
    onError: (error: Error) => void,
  ): Promise<RotatingFile> {
    await mkdir(dirname(path), { recursive: true })
    const file = new RotatingFile(path, rotation, onError)
    file.#open()
    return file
  }

  /** Bytes that are not on the disk yet. */
  get waiting(): number {
    return this.#stream.writableLength
  }

  /** Appends lines, beginning a new file where one is full. */
  write(lines: readonly string[]): void {
    if (this.#stream.destroyed) this.#reopen()
    const most = (this.#rotation.maxSize || DEFAULT_SIZE) * MEGABYTE
    const all = Buffer.from(lines.join(''))
    if (this.#size + all.length <= most) this.#append(all)
    else this.#writeAcross(lines, most)
  }

  /** Writes what fits, line by line, and the rest to the next file. */
  #writeAcross(lines: readonly string[], most: number): void {
    for (const line of lines) {
      const bytes = Buffer.from(line)
      if (this.#size + bytes.length > most && this.#size > 0) this.#rotate()
      this.#append(bytes)
    }
  }

  #append(bytes: Buffer): void {
    if (bytes.length === 0) return
    this.#stream.write(bytes)
    this.#size += bytes.length
  }

  #open(): void {
    const fd = openSync(this.#path, 'a', 0o600)
    try {
      this.#size = fstatSync(fd).size
      this.#stream = createWriteStream(this.#path, { fd })
    } catch (error) {
      closeSync(fd)
      throw error
    }
    this.#stream.on('error', this.#onError)
  }

  /** After a write that failed: the disk may have room again. */
  #reopen(): void {
    try {
      this.#open()
    } catch (error) {
      this.#onError(error as Error)
    }
  }

  /** What is on its way still goes to the old file, whatever its name. */
  #rotate(): void {
    const old = this.#stream
    const backup = this.#backupName(new Date())
    try {
      renameSync(this.#path, backup)
      this.#open()
    } catch (error) {
      this.#onError(error as Error)
      return
    }
    const ended = new Promise<void>(resolve => old.end(() => resolve()))
    this.#cleaning = this.#cleaning
      .then(() => ended)
      .then(() => this.#clean())
      .catch(this.#onError)
  }

  #backupName(now: Date): string {
    const extension = extname(this.#path)
    const base = this.#path.slice(0, this.#path.length - extension.length)
    return `${base}-${now.toISOString().slice(0, -1).replaceAll(':', '-')}${extension}`
  }

  /** Removes older files that are too many or too old, and compresses the others. */
  async #clean(): Promise<void> {
    const { maxAge, maxBackups, isCompressed } = this.#rotation
    const directory = dirname(this.#path)
    const backups = backupsOf(this.#path, await readdir(directory))
    const oldest = maxAge > 0 ? Date.now() - maxAge * DAY : 0
    for (const [i, { name, time }] of backups.entries()) {
      const file = join(directory, name)
      if ((maxBackups > 0 && i >= maxBackups) || time < oldest) await rm(file, { force: true })
      else if (isCompressed && !name.endsWith(GZIP)) await compress(file)
    }
  }

  /** Resolves when what was written is with the system. @throws when it could not be written */
  written(): Promise<void> {
    return written(this.#stream)
  }

  /** Writes what is left. */
  async close(): Promise<void> {
    await new Promise<void>(resolve => this.#stream.end(() => resolve()))
    await this.#cleaning
  }
}

/** Resolves when a stream has written what it was given. */
export function written(stream: Writable): Promise<void> {
  return new Promise((resolve, reject) => {
    stream.write('', error => (error ? reject(error) : resolve()))
  })
}

interface Backup {
  name: string
  time: number
}

/** Older files of a path, the latest first. */
function backupsOf(path: string, names: readonly string[]): Backup[] {
  const extension = extname(path)
  const start = `${path
    .slice(dirname(path).length)
    .replace(/^\/+/, '')
    .slice(0, -extension.length || undefined)}-`
  const backups: Backup[] = []
  for (const name of names) {
    const plain = name.endsWith(GZIP) ? name.slice(0, -GZIP.length) : name
    if (!plain.startsWith(start) || !plain.endsWith(extension)) continue
    const time = timeOf(plain.slice(start.length, plain.length - extension.length))
    if (time !== undefined) backups.push({ name, time })
  }
  return backups.toSorted((a, b) => b.time - a.time)
}

const STAMP = /^(\d{4}-\d\d-\d\dT\d\d)-(\d\d)-(\d\d\.\d{3})$/

function timeOf(stamp: string): number | undefined {
  const [, hour, minute, second] = STAMP.exec(stamp) ?? []
  return hour === undefined ? undefined : Date.parse(`${hour}:${minute}:${second}Z`)
}

async function compress(file: string): Promise<void> {
  const target = `${file}${GZIP}`
  await pipeline(createReadStream(file), createGzip(), createWriteStream(target, { mode: 0o600 }))
  await rm(file)
}
