import { once } from 'node:events'
import { setTimeout as sleep } from 'node:timers/promises'
import { Worker } from 'node:worker_threads'
import type { ClientConfig } from '../../../api/client/kubeconfig.ts'
import { percentile } from '../table.ts'
import { now } from './clock.ts'
import { Connection } from './connection.ts'
import { warmUp } from './load.ts'
import type { RunningServer } from './servers.ts'
import { PODS, pod } from './shapes.ts'
import type { WatcherMessage, WatcherOptions } from './watcher-thread.ts'

export interface FanOutOptions {
  watchers: number
  pods: number
  writers: number
  /** Creates per second; as many as the server takes when left out. */
  rate?: number
}

/** When watchers had an event. Milliseconds. */
export interface Delays {
  p50: number
  p99: number
}

export interface FanOutResult {
  /** Events per second over all watchers. */
  events: number
  /** From the answer to the create; none where a watcher knew before the writer. */
  afterAnswer: Delays
  /** From sending the create: what is not told apart above. */
  afterSending: Delays
  /** CPU that the server and its store spent on an event (of all, creates included), microseconds; where it is known. */
  cpu: number | undefined
}

/** When each Pod's create was sent and answered. */
interface Creates {
  sent: Float64Array
  answered: Float64Array
}

const DEADLINE = 180_000
let runs = 0

/** Many watchers of one namespace's Pods while Pods are created in it. The first quarter does not count: see {@link warmUp}. */
export async function fanOut(
  { config, usage }: RunningServer,
  options: FanOutOptions,
): Promise<FanOutResult> {
  const { watchers, pods } = options
  const prefix = `z-watched-${process.pid}-${runs++}-`
  const path = `${PODS}?watch=1&resourceVersion=${await currentRevision(config)}&timeoutSeconds=900`
  const workerData: WatcherOptions = { config, path, watchers, pods, prefix }
  const worker = new Worker(new URL('./watcher-thread.ts', import.meta.url), { workerData })
  try {
    await message(worker)
    const before = await usage?.()
    const seen = message(worker)
    const creates = await createPods(config, prefix, options)
    const timer = setTimeout(() => worker.postMessage('stop'), DEADLINE)
    const { times } = (await seen) as Extract<WatcherMessage, { times: unknown }>
    clearTimeout(timer)
    const spent = before && (await usage!()).cpu - before.cpu
    return { ...summarize(times, creates), cpu: spent && (spent * 1e6) / times.length }
  } finally {
    await worker.terminate()
  }
}

async function message(worker: Worker): Promise<WatcherMessage> {
  const [first] = await Promise.race([
    once(worker, 'message'),
    once(worker, 'exit').then(() => Promise.reject(new Error('the thread with the watchers ended early'))),
  ])
  return first
}

async function currentRevision(config: ClientConfig): Promise<string> {
  const connection = await Connection.open(config)
  const { body } = await connection.send({ path: `${PODS}?limit=1` }, true)
  connection.close()
  return JSON.parse(body.toString()).metadata.resourceVersion
}

async function createPods(
  config: ClientConfig,
  prefix: string,
  { pods, writers, rate }: FanOutOptions,
): Promise<Creates> {
  const connections = await Promise.all(Array.from({ length: writers }, () => Connection.open(config)))
  const sent = new Float64Array(pods)
  const answered = new Float64Array(pods)
  const start = now()
  let next = 0
  const write = async (connection: Connection): Promise<void> => {
    for (let i = next++; i < pods; i = next++) {
      const wait = rate ? start + (i * 1000) / rate - now() : 0
      if (wait > 0) await sleep(wait)
      const body = pod(prefix + String(i).padStart(6, '0'))
      sent[i] = now()
      const { status } = await connection.send({ method: 'POST', path: PODS, body })
      if (status >= 300) throw new Error(`creating a Pod was answered ${status}`)
      answered[i] = now()
    }
  }
  await Promise.all(connections.map(write))
  for (const connection of connections) connection.close()
  return { sent, answered }
}

function summarize(times: Float64Array, { sent, answered }: Creates): Omit<FanOutResult, 'cpu'> {
  const missed = times.filter(time => time === 0).length
  if (missed > 0) throw new Error(`watchers missed ${missed} of ${times.length} events`)
  return { events: rate(times), afterAnswer: delays(times, answered), afterSending: delays(times, sent) }
}

/** Events per second from when the watchers had seen as many as go ahead. */
function rate(times: Float64Array): number {
  const inOrder = times.toSorted()
  const ahead = warmUp(times.length)
  return ((times.length - ahead) * 1000) / (inOrder.at(-1)! - inOrder[ahead]!)
}

/** Of the Pods that count, over all watchers. */
function delays(times: Float64Array, since: Float64Array): Delays {
  const pods = since.length
  const ahead = warmUp(pods)
  const all: number[] = []
  times.forEach((time, i) => {
    const pod = i % pods
    if (pod >= ahead) all.push(Math.max(time - since[pod]!, 0))
  })
  return { p50: percentile(all, 50), p99: percentile(all, 99) }
}
