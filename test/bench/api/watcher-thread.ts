// Opens many watches and notes when each of them sees each Pod.
import { parentPort, workerData } from 'node:worker_threads'
import type { ClientConfig } from '../../../api/client/kubeconfig.ts'
import { now } from './clock.ts'
import { openSocket, requestBytes } from './connection.ts'
import { ReplyParser } from './reply-parser.ts'

/** What the thread is started with. */
export interface WatcherOptions {
  config: ClientConfig
  path: string
  watchers: number
  /** Pods that will be created, `PREFIX` and six digits. */
  pods: number
  prefix: string
}

/** What it tells: once when all watches are open, once when all have seen everything or were asked to stop. */
export type WatcherMessage = { open: true } | { times: Float64Array; bytes: number }

const DIGITS = 6
const { config, path, watchers, pods, prefix } = workerData as WatcherOptions
const tag = Buffer.from(`"name":"${prefix}`)
/** When watcher i saw Pod k, at i × pods + k. Milliseconds of {@link now}. */
const times = new Float64Array(watchers * pods)
let seen = 0
let bytes = 0

/** Finds names of Pods in a stream, also those that two chunks share. */
function scanner(watcher: number): (chunk: Buffer) => void {
  const LONGEST = tag.length + DIGITS
  let rest: Buffer = Buffer.alloc(0)
  return chunk => {
    bytes += chunk.length
    const at = now()
    if (rest.length > 0) scan(watcher, Buffer.concat([rest, chunk.subarray(0, LONGEST)]), at)
    const end = scan(watcher, chunk, at)
    rest = Buffer.from(chunk.subarray(Math.max(end, chunk.length - LONGEST)))
  }
}

/** Notes all that is whole and returns where the last one ends. */
function scan(watcher: number, text: Buffer, at: number): number {
  let end = 0
  for (let found = text.indexOf(tag); found >= 0; found = text.indexOf(tag, end)) {
    const start = found + tag.length
    if (start + DIGITS > text.length) break
    end = start + DIGITS
    note(watcher, Number(text.toString('latin1', start, end)), at)
  }
  return end
}

function note(watcher: number, pod: number, at: number): void {
  const index = watcher * pods + pod
  if (pod >= pods || times[index] !== 0) return
  times[index] = at
  seen++
  if (seen === times.length) finish()
}

async function watch(watcher: number): Promise<void> {
  const opened = Promise.withResolvers<void>()
  const parser = new ReplyParser({
    data: scanner(watcher),
    end: status => opened.reject(new Error(`a watch was answered ${status} and ended`)),
  })
  const socket = await openSocket(config, chunk => {
    opened.resolve()
    parser.push(chunk)
  })
  socket.on('error', () => {})
  socket.write(requestBytes(config, { path }))
  await opened.promise
}

function finish(): void {
  parentPort!.postMessage({ times, bytes } satisfies WatcherMessage)
  process.exit()
}

parentPort!.on('message', finish)
await Promise.all(Array.from({ length: watchers }, (_, i) => watch(i)))
parentPort!.postMessage({ open: true } satisfies WatcherMessage)
