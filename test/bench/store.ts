// store: writes per second at 1, 16 and 64 clients, delay of changes, what a write costs Redis, memory of 10,000 Pods
import { Redis } from 'ioredis'
import { openStore } from '../../control-plane/store/redis-store.ts'
import type { Document, StorePlugin } from '../../plugins/store.ts'
import { quietLog } from '../helpers/log.ts'
import { startRedis } from '../helpers/redis.ts'
import { percentile, printTable } from './table.ts'

/** About what a Pod with a status is. */
const SIZE = 2_048
const CLIENTS = [1, 16, 64]
const WRITES = 6_000
const PODS = 10_000

/** What Redis has spent so far. */
interface Spent {
  cpu: number
  disk: number
  input: number
  output: number
}

const document = (i: number): Document => ({
  head: '{"metadata":{"resourceVersion":"',
  tail: Buffer.from(`","name":"pod-${i}"},"spec":"${randomText(SIZE)}"}`),
})

/** Hardly compressible, so that no figure is flattered. */
function randomText(length: number): string {
  let text = ''
  while (text.length < length) text += Math.random().toString(36).slice(2)
  return text.slice(0, length)
}

/** Runs `write` so many times by so many clients at once. Returns writes per second and the latencies in milliseconds. */
async function load(clients: number, writes: number, write: (i: number) => Promise<unknown>) {
  const latencies: number[] = []
  let next = 0
  const start = performance.now()
  const client = async () => {
    for (let i = next++; i < writes; i = next++) {
      const begin = performance.now()
      await write(i)
      latencies.push(performance.now() - begin)
    }
  }
  await Promise.all(Array.from({ length: clients }, client))
  return { rate: (writes / (performance.now() - start)) * 1_000, latencies }
}

async function spent(control: Redis): Promise<Spent> {
  const info = await control.info()
  const number = (name: string): number => Number(new RegExp(`^${name}:([\\d.]+)`, 'm').exec(info)?.[1] ?? 0)
  return {
    cpu: number('used_cpu_user') + number('used_cpu_sys'),
    disk: number('aof_current_size'),
    input: number('total_net_input_bytes'),
    output: number('total_net_output_bytes'),
  }
}

async function writeRates(store: StorePlugin, control: Redis): Promise<void> {
  const rows: string[][] = []
  const documents = Array.from({ length: 512 }, (_, i) => document(i))
  for (const clients of CLIENTS) {
    const writes = clients === 1 ? WRITES / 6 : WRITES
    const type = `bench-${clients}`
    const delays: number[] = []
    const sent = new Map<string, number>()
    const stop = store.subscribe(type, 1, {
      changes: batch => {
        for (const { key } of batch) delays.push(performance.now() - sent.get(key)!)
      },
      lost: () => console.log('the follower lost changes'),
    })
    const before = await spent(control)
    const cpu = process.cpuUsage()
    const { rate, latencies } = await load(clients, writes, i => {
      sent.set(`ns/${i}`, performance.now())
      return store.put(type, `ns/${i}`, 0, documents[i % documents.length]!)
    })
    while (delays.length < writes) await new Promise(setImmediate)
    const own = process.cpuUsage(cpu)
    const after = await spent(control)
    stop()
    const each = (what: keyof Spent, digits = 0): string =>
      ((after[what] - before[what]) / writes).toFixed(digits)
    rows.push([
      String(clients),
      rate.toFixed(0),
      percentile(latencies, 50).toFixed(1),
      percentile(latencies, 99).toFixed(1),
      percentile(delays, 50).toFixed(1),
      percentile(delays, 99).toFixed(1),
      (((after.cpu - before.cpu) / writes) * 1e6).toFixed(0),
      ((own.user + own.system) / writes).toFixed(0),
      each('disk'),
      each('input'),
      each('output'),
    ])
  }
  const columns = ['CLIENTS', 'WRITES/S', 'P50 MS', 'P99 MS', 'WATCH P50', 'WATCH P99']
  const costs = ['REDIS CPU µS', 'CLIENT CPU µS', 'DISK B', 'SENT B', 'RECEIVED B']
  printTable(`Creates of ${SIZE} bytes, durable, one follower`, [...columns, ...costs], rows)
}

async function memory(store: StorePlugin, control: Redis): Promise<void> {
  const used = async (): Promise<number> => Number(/used_memory:(\d+)/.exec(await control.info('memory'))![1])
  const rows: string[][] = []
  const row = async (what: string, before: number): Promise<void> => {
    const after = await used()
    const log = Number(await control.call('MEMORY', 'USAGE', '{pods}:log', 'SAMPLES', '0'))
    const mib = (bytes: number): string => (bytes / 1024 / 1024).toFixed(1)
    rows.push([what, mib(after - before), ((after - before - log) / PODS).toFixed(0), mib(log)])
  }
  const before = await used()
  const revisions: number[] = []
  await load(64, PODS, async i => {
    const result = await store.put('pods', `ns/pod-${i}`, 0, document(i))
    revisions[i] = result.ok ? result.revision : 0
  })
  await row(`${PODS} created`, before)
  await load(64, PODS, i => store.put('pods', `ns/pod-${i}`, revisions[i]!, document(i)))
  await row('each updated once', before)
  await control.xtrim('{pods}:log', 'MAXLEN', 0)
  await row('after the retention', before)
  printTable(`Memory of Redis, objects of ${SIZE} bytes`, ['', 'MIB', 'BYTES/OBJECT', 'LOG MIB'], rows)
}

export default async function run(): Promise<void> {
  const redis = await startRedis()
  const store = await openStore({ url: redis.url, log: quietLog })
  const control = new Redis({ path: redis.url.replace('unix://', '') })
  try {
    await writeRates(store, control)
    await memory(store, control)
  } finally {
    control.disconnect()
    await store.close()
    await redis.remove()
  }
}
