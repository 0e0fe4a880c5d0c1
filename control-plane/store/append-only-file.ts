import { type FileHandle, open, readdir } from 'node:fs/promises'
import { join } from 'node:path'

/** How Redis ends what belongs together (a script's writes). */
const EXEC = Buffer.from('*1\r\n$4\r\nEXEC\r\n')
const CHUNK = 1024 * 1024
const [STAR, DOLLAR, CARRIAGE_RETURN] = Buffer.from('*$\r')

/**
 * Takes a transaction that was not written to its end off the append-only file of a Redis that does not run. Redis
 * itself cuts such a file off after the last whole command, which may be inside of the transaction (Valkey's change 4342
 * tells of it): what is written next is then read as a part of it at the start after this one, and half of a write that
 * never was comes back. `dir` is the directory of its data.
 */
export async function mendAppendOnlyFile(dir: string): Promise<void> {
  const folder = join(dir, 'appendonlydir')
  const last = (await readdir(folder).catch(() => []))
    .filter(name => name.endsWith('.incr.aof'))
    .sort(bySequence)
    .at(-1)
  if (!last) return
  const file = await open(join(folder, last), 'r+')
  try {
    const { size } = await file.stat()
    const whole = await endOfLastTransaction(file, size)
    const end = whole + wholeLength(await read(file, whole, size))
    if (end < size) await file.truncate(end)
  } finally {
    await file.close()
  }
}

/** `appendonly.aof.12.incr.aof` is the twelfth. */
const bySequence = (a: string, b: string): number => sequenceOf(a) - sequenceOf(b)
const sequenceOf = (name: string): number => Number(/\.(\d+)\.incr\.aof$/.exec(name)?.[1] ?? 0)

/** Searched from the end, where it nearly always is. */
async function endOfLastTransaction(file: FileHandle, size: number): Promise<number> {
  for (let end = size; end > 0; end -= CHUNK) {
    const start = Math.max(0, end - CHUNK)
    const at = (await read(file, start, Math.min(size, end + EXEC.length))).lastIndexOf(EXEC)
    if (at >= 0) return start + at + EXEC.length
  }
  return 0
}

async function read(file: FileHandle, from: number, to: number): Promise<Buffer> {
  const bytes = Buffer.allocUnsafe(to - from)
  const { bytesRead } = await file.read(bytes, 0, bytes.length, from)
  return bytes.subarray(0, bytesRead)
}

/** How many of the bytes are whole commands, and whole transactions. What is no command at all is Redis' to complain of. */
export function wholeLength(bytes: Buffer): number {
  let begun: number | undefined
  for (let at = 0; at < bytes.length; ) {
    const command = commandAt(bytes, at)
    if (command === 'none') return bytes.length
    if (command === 'cut') return begun ?? at
    if (command.name === 'MULTI') begun ??= at
    if (command.name === 'EXEC') begun = undefined
    at = command.end
  }
  return begun ?? bytes.length
}

type Found = { name: string; end: number } | 'cut' | 'none'

/** `*<parts>`, then each part as `$<length>` and its bytes; a line ends each of them. */
function commandAt(bytes: Buffer, start: number): Found {
  const parts = numberAt(bytes, start, STAR!)
  if (typeof parts === 'string') return parts
  let name = ''
  let at = parts.end
  for (let part = 0; part < parts.value; part++) {
    const length = numberAt(bytes, at, DOLLAR!)
    if (typeof length === 'string') return length
    const end = length.end + length.value
    if (end + 2 > bytes.length) return 'cut'
    if (part === 0) name = bytes.toString('latin1', length.end, end).toUpperCase()
    at = end + 2
  }
  return { name, end: at }
}

/** A line of a sign and a number. */
function numberAt(
  bytes: Buffer,
  start: number,
  sign: number,
): { value: number; end: number } | 'cut' | 'none' {
  if (start >= bytes.length) return 'cut'
  if (bytes[start] !== sign) return 'none'
  const end = bytes.indexOf(CARRIAGE_RETURN!, start)
  if (end < 0 || end + 1 >= bytes.length) return 'cut'
  const value = Number(bytes.toString('latin1', start + 1, end))
  return Number.isInteger(value) ? { value, end: end + 2 } : 'none'
}
