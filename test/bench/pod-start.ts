// Pod create → Running as a watch sees it: 20 one by one, then 30 at once.
import type { Client } from '../../api/client/client.ts'
import { withLab } from './lab.ts'
import { createSleeper, deletePod, isRunning, type PodWatch, watchPods } from './pods.ts'
import { percentile, printTable, seconds } from './table.ts'

const ONE_BY_ONE = 20
const AT_ONCE = 30
/** Not counted: each worker's first Pod makes its bridge and reads its files for the first time. */
const WARM_UP = 4
const COMMAND = ['sleep', '3600']

export default async function podStart(): Promise<void> {
  await withLab(async ({ client }) => {
    const stop = new AbortController()
    const watch = await watchPods(client, stop.signal)
    await startOneByOne(client, watch, 'warm-up', WARM_UP)
    const single = await startOneByOne(client, watch, 'single', ONE_BY_ONE)
    const burst = await startAtOnce(client, watch)
    stop.abort()
    printTable(
      'Pod create → Running',
      ['WHAT', 'P50', 'P99', 'MAX'],
      [row(`${ONE_BY_ONE} one by one`, single), row(`${AT_ONCE} at once`, burst)],
    )
  })
}

const row = (what: string, times: number[]): string[] => [
  what,
  ...[50, 99, 100].map(percent => seconds(percentile(times, percent))),
]

async function startOneByOne(
  client: Client,
  watch: PodWatch,
  prefix: string,
  count: number,
): Promise<number[]> {
  const times: number[] = []
  for (let i = 0; i < count; i++) {
    const name = `${prefix}-${i}`
    times.push(await start(client, watch, name))
    await deletePod(client, watch, name)
  }
  return times
}

async function startAtOnce(client: Client, watch: PodWatch): Promise<number[]> {
  const names = Array.from({ length: AT_ONCE }, (_, i) => `burst-${i}`)
  const times = await Promise.all(names.map(name => start(client, watch, name)))
  await Promise.all(names.map(name => deletePod(client, watch, name)))
  return times
}

/** Milliseconds from sending the request. */
async function start(client: Client, watch: PodWatch, name: string): Promise<number> {
  const running = watch.seen(name, isRunning)
  const started = performance.now()
  const [{ at }] = await Promise.all([running, createSleeper(client, name, COMMAND)])
  return at - started
}
