import { open } from 'node:fs/promises'
import type { RuntimeContainerStatus } from '../../../plugins/runtime.ts'
import { TERMINATION_POLICY } from '../containers/labels.ts'

/** Bytes, and for what is taken from a log also lines. */
const LONGEST_MESSAGE = 4_096
const LONGEST_LOG = 2_048
const MOST_LINES = 80

/** What a container that ended left as its last words: the file, or by policy the end of its log when it failed. */
export async function terminationMessage(run: RuntimeContainerStatus, file: string): Promise<string> {
  const text = await readEnd(file, LONGEST_MESSAGE)
  const wantsLog = run.annotations[TERMINATION_POLICY] === 'FallbackToLogsOnError'
  if (text || run.exitCode === 0 || !wantsLog) return text
  const lines = (await readEnd(run.logPath, LONGEST_LOG * 2)).split('\n').slice(-MOST_LINES - 1)
  const words = lines.map(line => line.replace(/^\S+ \S+ [FP] /, '')).join('\n')
  return words.slice(-LONGEST_LOG)
}

/** The last so many bytes; nothing of a file that is not there. */
async function readEnd(path: string, bytes: number): Promise<string> {
  const file = await open(path, 'r').catch(() => undefined)
  if (!file) return ''
  try {
    const { size } = await file.stat()
    const length = Math.min(size, bytes)
    const { buffer } = await file.read(Buffer.alloc(length), 0, length, size - length)
    return buffer.toString()
  } finally {
    await file.close()
  }
}
