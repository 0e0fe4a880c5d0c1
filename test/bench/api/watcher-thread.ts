// Opens many watches and notes when each of them sees each Pod.
import { parentPort, workerData } from 'node:worker_threads'
import type { ClientConfig } from '../../../api/client/kubeconfig.ts'
import { now } from './clock.ts'
import { openSocket, requestBytes } from './connection.ts'
import { type ReplyListener, ReplyParser } from './reply-parser.ts'

/** What the thread is started with. */
export interface WatcherOptions {
  config: ClientConfig
  path: string
  watchers: number
  /** Pods that will be created, `PREFIX` and six digits. */
  pods: number
  /** Nothing else in an event begins like it. If its first letter is rare too, a search passes over the rest quickly. */
  prefix: string
}

/** What it tells: once when all watches are open, once when all have seen everything or were asked to stop. */
export type WatcherMessage = { open: true } | { times: Float64Array; bytes: number }

const DIGITS = 6
const ZERO = 48
const NOTHING = Buffer.alloc(0)
const { config, path, watchers, pods, prefix } = workerData as WatcherOptions
const tag = Buffer.from(prefix)
/** When watcher i saw Pod k, at i × pods + k. Milliseconds of {@link now}. */
const times = new Float64Array(watchers * pods)
let seen = 0
let bytes = 0

/**
 * Finds names of Pods in a stream, also those that two parts share. Most of a part is passed over by looking for the
 * name's first letter alone: this thread shares the cores with the server, and reads half a gigabyte a second.
 */
function scanner(watcher: number): ReplyListener['data'] {
  const LONGEST = tag.length + DIGITS
  let rest: Buffer = NOTHING
  return (buffer, start, end) => {
    bytes += end - start
    const at = now()
    if (rest.length > 0) {
      const joined = Buffer.concat([rest, buffer.subarray(start, Math.min(end, start + LONGEST))])
      scan(watcher, joined, 0, joined.length, at)
    }
    const from = Math.max(scan(watcher, buffer, start, end, at), end - LONGEST)
    const begun = buffer.indexOf(tag[0]!, from)
    rest = begun >= 0 && begun < end ? Buffer.from(buffer.subarray(begun, end)) : NOTHING
  }
}

/** Notes all that is whole and returns where the last one ends. */
function scan(watcher: number, text: Buffer, from: number, to: number, at: number): number {
  let end = from
  for (;;) {
    const start = text.indexOf(tag, end) + tag.length
    if (start < tag.length || start + DIGITS > to) return end
    end = start + DIGITS
    note(watcher, numberAt(text, start), at)
  }
}

/** The number that {@link DIGITS} say. */
function numberAt(text: Buffer, start: number): number {
  let number = 0
  for (let i = start; i < start + DIGITS; i++) number = number * 10 + text[i]! - ZERO
  return number
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
