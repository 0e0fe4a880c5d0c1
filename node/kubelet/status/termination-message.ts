import { open } from 'node:fs/promises'
import type { RuntimeContainerStatus } from '../../../plugins/runtime.ts'
import { TERMINATION_POLICY } from '../containers/labels.ts'
import { readLog } from '../server/log-reader.ts'

/** Bytes, and for what is taken from a log also lines. */
const LONGEST_MESSAGE = 4_096
const LONGEST_LOG = 2_048
const MOST_LINES = 80

/** What a container that ended left as its last words: the file, or by policy the end of its log when it failed. */
export async function terminationMessage(run: RuntimeContainerStatus, file: string): Promise<string> {
  const text = await readEnd(file, LONGEST_MESSAGE)
  const wantsLog = run.annotations[TERMINATION_POLICY] === 'FallbackToLogsOnError'
  if (text || run.exitCode === 0 || !wantsLog) return text
  return await endOfLog(run.logPath).catch(() => '')
}

/** The last lines as they were written: a part of a line (what ends without a newline too) has none after it. */
async function endOfLog(path: string): Promise<string> {
  const options = { follow: false, timestamps: false, tailLines: MOST_LINES }
  let end = Buffer.alloc(0)
  for await (const text of readLog(path, options, async () => true, new AbortController().signal)) {
    end = Buffer.concat([end, text]).subarray(-LONGEST_LOG)
  }
  return end.toString()
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
