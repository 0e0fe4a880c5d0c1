import { watch } from 'node:fs'
import { type FileHandle, open, stat } from 'node:fs/promises'
import { basename, dirname } from 'node:path'

/** What `kubectl logs` may ask for (core/v1 PodLogOptions). */
export interface LogOptions {
  follow: boolean
  /** Lines from the end; all where left out. */
  tailLines?: number
  /** Milliseconds since the epoch; earlier lines are left out. */
  since?: number
  timestamps: boolean
  limitBytes?: number
}

const CHUNK = 64 * 1024
const NEWLINE = 10
/** Looks at a followed file again though nothing told of a change (milliseconds). */
const SAFETY_NET = 1_000

/**
 * Reads a container's log in CRI's format (`TIME STREAM F|P TEXT`, P for a part of a long line) and yields the text.
 * Followed, it goes on over rotation until `isOver` says that the container has ended and nothing is left to read.
 */
export async function* readLog(
  path: string,
  options: LogOptions,
  isOver: () => Promise<boolean>,
  signal: AbortSignal,
): AsyncGenerator<Buffer> {
  let left = options.limitBytes ?? Number.POSITIVE_INFINITY
  let atLineStart = true
  for await (const line of rawLines(path, options, isOver, signal)) {
    const parsed = parseLine(line)
    if (!parsed || (options.since !== undefined && parsed.time < options.since)) continue
    const stamp = options.timestamps && atLineStart ? Buffer.from(`${parsed.stamp} `) : EMPTY
    const text = Buffer.concat([stamp, parsed.text, parsed.isPartial ? EMPTY : LINE_END])
    atLineStart = !parsed.isPartial
    if (text.length >= left) {
      yield text.subarray(0, left)
      return
    }
    left -= text.length
    yield text
  }
}

const EMPTY: Buffer = Buffer.alloc(0)
const LINE_END = Buffer.from('\n')

interface Line {
  stamp: string
  time: number
  isPartial: boolean
  text: Buffer
}

function parseLine(line: Buffer): Line | undefined {
  const first = line.indexOf(32)
  const second = line.indexOf(32, first + 1)
  const third = line.indexOf(32, second + 1)
  if (first < 0 || second < 0 || third < 0) return undefined
  const stamp = line.toString('latin1', 0, first)
  const isPartial = line[second + 1] === 80
  return { stamp, time: Date.parse(stamp), isPartial, text: line.subarray(third + 1) }
}

async function* rawLines(
  path: string,
  { follow, tailLines }: LogOptions,
  isOver: () => Promise<boolean>,
  signal: AbortSignal,
): AsyncGenerator<Buffer> {
  let file = await open(path, 'r')
  try {
    let position = tailLines === undefined ? 0 : await tailPosition(file, tailLines)
    let rest: Buffer = EMPTY
    while (!signal.aborted) {
      const over = !follow || (await isOver())
      const { bytes, next } = await readFrom(file, position)
      position = next
      const { lines, tail } = splitLines(rest.length > 0 ? Buffer.concat([rest, bytes]) : bytes)
      rest = tail
      yield* lines
      if (bytes.length > 0) continue
      if (await isReplaced(file, path)) {
        await file.close()
        file = await open(path, 'r')
        position = 0
        continue
      }
      if (over) return
      await changed(path, signal)
    }
  } finally {
    await file.close()
  }
}

async function readFrom(file: FileHandle, position: number): Promise<{ bytes: Buffer; next: number }> {
  const { bytesRead, buffer } = await file.read(Buffer.allocUnsafe(CHUNK), 0, CHUNK, position)
  return { bytes: buffer.subarray(0, bytesRead), next: position + bytesRead }
}

function splitLines(bytes: Buffer): { lines: Buffer[]; tail: Buffer } {
  const lines: Buffer[] = []
  let from = 0
  for (let end = bytes.indexOf(NEWLINE); end >= 0; end = bytes.indexOf(NEWLINE, from)) {
    lines.push(bytes.subarray(from, end))
    from = end + 1
  }
  return { lines, tail: Buffer.from(bytes.subarray(from)) }
}

/** Where the last `count` lines begin, found from the end. Parts of a long line count as one. */
async function tailPosition(file: FileHandle, count: number): Promise<number> {
  const { size } = await file.stat()
  if (count <= 0) return size
  let position = size
  let seen = 0
  let after: Buffer = EMPTY
  while (position > 0) {
    const length = Math.min(CHUNK, position)
    position -= length
    const { buffer } = await file.read(Buffer.allocUnsafe(length), 0, length, position)
    const bytes = Buffer.concat([buffer, after.subarray(0, 128)])
    for (let at = length - 1; at >= 0; at--) {
      const isEnd = buffer[at] === NEWLINE && position + at < size - 1 && endsWhole(bytes, at, position, size)
      if (isEnd && ++seen === count) return position + at + 1
    }
    after = buffer
  }
  return 0
}

/** True when the line that ends at `at` is whole, so that the next one begins a new line of text. */
function endsWhole(bytes: Buffer, at: number, _position: number, _size: number): boolean {
  const start = bytes.lastIndexOf(NEWLINE, at - 1) + 1
  const line = parseLine(bytes.subarray(start, at))
  return !line?.isPartial
}

async function isReplaced(file: FileHandle, path: string): Promise<boolean> {
  const [mine, there] = await Promise.all([file.stat(), stat(path).catch(() => undefined)])
  return there !== undefined && there.ino !== mine.ino
}

/** Resolves when the file's folder tells of a change of it, or after a second. */
function changed(path: string, signal: AbortSignal): Promise<void> {
  return new Promise(resolve => {
    const name = basename(path)
    const watcher = watch(dirname(path), (_, file) => {
      if (file === name) done()
    })
    const done = (): void => {
      clearTimeout(timer)
      watcher.close()
      signal.removeEventListener('abort', done)
      resolve()
    }
    const timer = setTimeout(done, SAFETY_NET)
    watcher.on('error', done)
    signal.addEventListener('abort', done)
  })
}
