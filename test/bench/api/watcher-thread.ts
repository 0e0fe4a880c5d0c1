// Opens many watches and notes when each of them sees each Pod.
import { parentPort, workerData } from 'node:worker_threads'
import type { ClientConfig } from '../../../api/client/kubeconfig.ts'
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
/** When watcher i saw Pod k, at i × pods + k. Milliseconds since the epoch. */
const times = new Float64Array(watchers * pods)
let seen = 0
let bytes = 0

const now = (): number => performance.timeOrigin + performance.now()

/** Finds names of Pods in a stream, also those that two chunks share. */
function scanner(watcher: number): (chunk: Buffer) => void {
  let rest: Buffer = Buffer.alloc(0)
  return chunk => {
    bytes += chunk.length
    const at = now()
    const text = rest.length > 0 ? Buffer.concat([rest, chunk]) : chunk
    let from = 0
    for (let found = text.indexOf(tag); found >= 0; found = text.indexOf(tag, from)) {
      const start = found + tag.length
      if (start + DIGITS > text.length) break
      note(watcher, Number(text.toString('latin1', start, start + DIGITS)), at)
      from = start + DIGITS
    }
    rest = Buffer.from(text.subarray(Math.max(from, text.length - tag.length - DIGITS)))
  }
}

function note(watcher: number, pod: number, at: number): void {
  const index = watcher * pods + pod
  if (pod >= pods || times[index] !== 0) return
  times[index] = at
  seen++
  if (seen === times.length) finish()
}

async function watch(watcher: number): Promise<void> {
  const socket = await openSocket(config)
  const scan = scanner(watcher)
  const opened = Promise.withResolvers<void>()
  const parser = new ReplyParser({
    data: scan,
    end: status => opened.reject(new Error(`a watch was answered ${status} and ended`)),
  })
  socket.on('data', chunk => {
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
