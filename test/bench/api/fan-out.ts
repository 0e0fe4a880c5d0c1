import { once } from 'node:events'
import { setTimeout as sleep } from 'node:timers/promises'
import { Worker } from 'node:worker_threads'
import type { ClientConfig } from '../../../api/client/kubeconfig.ts'
import { percentile } from '../table.ts'
import { Connection } from './connection.ts'
import { PODS, pod } from './shapes.ts'
import type { WatcherMessage, WatcherOptions } from './watcher-thread.ts'

export interface FanOutOptions {
  watchers: number
  pods: number
  writers: number
  /** Creates per second; as many as the server takes when left out. */
  rate?: number
}

/** Events per second over all watchers; delays from the answer to the create until a watcher had the event, ms. */
export interface FanOutResult {
  events: number
  p50: number
  p99: number
}

const DEADLINE = 180_000
let runs = 0

/** Many watchers of one namespace's Pods while Pods are created in it. */
export async function fanOut(config: ClientConfig, options: FanOutOptions): Promise<FanOutResult> {
  const { watchers, pods } = options
  const prefix = `watched-${process.pid}-${runs++}-`
  const path = `${PODS}?watch=1&resourceVersion=${await currentRevision(config)}&timeoutSeconds=900`
  const workerData: WatcherOptions = { config, path, watchers, pods, prefix }
  const worker = new Worker(new URL('./watcher-thread.ts', import.meta.url), { workerData })
  try {
    await message(worker)
    const seen = message(worker)
    const { start, answered } = await createPods(config, prefix, options)
    const timer = setTimeout(() => worker.postMessage('stop'), DEADLINE)
    const { times } = (await seen) as Extract<WatcherMessage, { times: unknown }>
    clearTimeout(timer)
    return summarize(times, answered, start)
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

const now = (): number => performance.timeOrigin + performance.now()

async function createPods(
  config: ClientConfig,
  prefix: string,
  { pods, writers, rate }: FanOutOptions,
): Promise<{ start: number; answered: Float64Array }> {
  const connections = await Promise.all(Array.from({ length: writers }, () => Connection.open(config)))
  const answered = new Float64Array(pods)
  const start = now()
  let next = 0
  const write = async (connection: Connection): Promise<void> => {
    for (let i = next++; i < pods; i = next++) {
      const wait = rate ? start + (i * 1000) / rate - now() : 0
      if (wait > 0) await sleep(wait)
      const body = pod(prefix + String(i).padStart(6, '0'))
      const { status } = await connection.send({ method: 'POST', path: PODS, body })
      if (status >= 300) throw new Error(`creating a Pod was answered ${status}`)
      answered[i] = now()
    }
  }
  await Promise.all(connections.map(write))
  for (const connection of connections) connection.close()
  return { start, answered }
}

function summarize(times: Float64Array, answered: Float64Array, start: number): FanOutResult {
  const delays: number[] = []
  let last = start
  times.forEach((time, i) => {
    if (time === 0) return
    last = Math.max(last, time)
    delays.push(time - answered[i % answered.length]!)
  })
  if (delays.length < times.length) {
    throw new Error(`watchers missed ${times.length - delays.length} of ${times.length} events`)
  }
  return {
    events: delays.length / ((last - start) / 1000),
    p50: percentile(delays, 50),
    p99: percentile(delays, 99),
  }
}
