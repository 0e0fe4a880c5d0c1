import { setTimeout as sleep } from 'node:timers/promises'
import type { ClientConfig } from '../../../api/client/kubeconfig.ts'
import { Connection } from './connection.ts'
import { fanOut } from './fan-out.ts'
import { closedLoop, type LoadResult } from './load.ts'
import type { RunningServer } from './servers.ts'
import { CONFIG_MAPS, configMap, NAMESPACE, PODS, pod, podStatus, SERVICE_ACCOUNTS } from './shapes.ts'

/** What a row of the report is in, and which way is better. */
export type Unit = 'per s' | 'ms' | 'µs' | 'MiB' | 's'

/** Takes down one figure. */
export type Note = (row: string, value: number, unit: Unit) => void

/** Part of the benchmark: needs a server with nothing in it but the namespace. */
export interface Measurement {
  name: string
  run(server: RunningServer, note: Note): Promise<void>
}

const MIB = 2 ** 20
/** Until a server that does nothing is as small as it gets. Milliseconds. */
const SETTLE = 20_000
let names = 0
const freshName = (): string => `bench-${process.pid}-${names++}`

/** Makes the namespace, and the ServiceAccount that Pods are refused without. */
export async function prepare(config: ClientConfig): Promise<void> {
  const connection = await Connection.open(config)
  const create = async (path: string, kind: string, name: string): Promise<void> => {
    const body = { apiVersion: 'v1', kind, metadata: { name } }
    const { status } = await connection.send({ method: 'POST', path, body })
    if (status >= 300 && status !== 409) throw new Error(`creating ${kind} ${name} was answered ${status}`)
  }
  await create('/api/v1/namespaces', 'Namespace', NAMESPACE)
  await create(SERVICE_ACCOUNTS, 'ServiceAccount', 'default')
  connection.close()
}

/** Creates Pods with 16 clients and gives their names. */
async function createPods(
  config: ClientConfig,
  count: number,
): Promise<{ pods: string[]; result: LoadResult }> {
  const pods = Array.from({ length: count }, freshName)
  const body = (i: number) => ({ method: 'POST', path: PODS, body: pod(pods[i]!) })
  return { pods, result: await closedLoop(config, 16, count, body) }
}

const creates: Measurement = {
  name: 'create',
  async run({ config, usage }, note) {
    const body = () => ({ method: 'POST', path: CONFIG_MAPS, body: configMap(freshName()) })
    const maps = await closedLoop(config, 16, 8_000, body)
    note('ConfigMap create 1 KiB, 16 clients', maps.rate, 'per s')
    note('ConfigMap create 1 KiB, 16 clients, p99', maps.p99, 'ms')
    const before = await usage?.()
    const count = 8_000
    const { result } = await createPods(config, count)
    note('Pod create 2 KiB, 16 clients', result.rate, 'per s')
    if (!before) return
    const { cpu } = await usage!()
    note('CPU seconds per 1,000 Pod creates', ((cpu - before.cpu) * 1000) / count, 's')
  },
}

const reads: Measurement = {
  name: 'get',
  async run({ config }, note) {
    const { pods } = await createPods(config, 1)
    for (const clients of [16, 64]) {
      const { rate } = await closedLoop(config, clients, 10_000, () => ({ path: `${PODS}/${pods[0]}` }))
      note(`Pod GET, ${clients} clients`, rate, 'per s')
    }
  },
}

const writes: Measurement = {
  name: 'write',
  async run({ config }, note) {
    const { pods } = await createPods(config, 3_000)
    for (const sort of ['strategic-merge', 'merge']) {
      const type = `application/${sort}-patch+json`
      const patch = (i: number) => ({
        method: 'PATCH',
        path: `${PODS}/${pods[i % pods.length]}/status`,
        body: podStatus(i),
        type,
      })
      const { rate } = await closedLoop(config, 16, 4_000, patch)
      note(`Pod status patch, ${sort}, 16 clients`, rate, 'per s')
    }
    const items = await readPods(config, pods)
    const put = (i: number) => ({ method: 'PUT', path: `${PODS}/${items[i].metadata.name}`, body: items[i] })
    note('Pod PUT, 16 clients', (await closedLoop(config, 16, items.length, put)).rate, 'per s')
    const remove = (i: number) => ({ method: 'DELETE', path: `${PODS}/${pods[i]}` })
    note('Pod DELETE, 16 clients', (await closedLoop(config, 16, pods.length, remove)).rate, 'per s')
  },
}

/** The Pods as they are, each with a change to be written back. */
async function readPods(config: ClientConfig, names: string[]): Promise<any[]> {
  const connection = await Connection.open(config)
  const { body } = await connection.send({ path: PODS }, true)
  connection.close()
  const wanted = new Set(names)
  const { items } = JSON.parse(body.toString())
  return items
    .filter((item: any) => wanted.has(item.metadata.name))
    .map((item: any) => {
      item.metadata.annotations['bench/written'] = freshName()
      return { apiVersion: 'v1', kind: 'Pod', ...item }
    })
}

const lists: Measurement = {
  name: 'list',
  async run({ config }, note) {
    await createPods(config, 5_000)
    const request = () => ({ path: `${PODS}?resourceVersion=0` })
    const one = await closedLoop(config, 1, 10, request)
    note('LIST of 5,000 Pods, 1 client, p50', one.p50, 'ms')
    const eight = await closedLoop(config, 8, 32, request)
    note('LIST of 5,000 Pods, 8 clients, p50', eight.p50, 'ms')
  },
}

const watches: Measurement = {
  name: 'watch',
  async run(server, note) {
    const burst = await fanOut(server, { watchers: 500, pods: 2_000, writers: 16 })
    note('watch: 500 watchers, 16 writers, events', burst.events, 'per s')
    note('watch: 500 watchers, 16 writers, delay p50', burst.afterAnswer.p50, 'ms')
    if (burst.cpu) note('watch: 500 watchers, 16 writers, CPU of an event', burst.cpu, 'µs')
    const paced = await fanOut(server, { watchers: 500, pods: 400, writers: 16, rate: 20 })
    note('watch: 500 watchers, 20 creates/s, delay p50', paced.afterAnswer.p50, 'ms')
    note('watch: 500 watchers, 20 creates/s, delay p99', paced.afterAnswer.p99, 'ms')
    note('watch: 500 watchers, 20 creates/s, p50 from sending', paced.afterSending.p50, 'ms')
    note('watch: 500 watchers, 20 creates/s, p99 from sending', paced.afterSending.p99, 'ms')
    if (paced.cpu) note('watch: 500 watchers, 20 creates/s, CPU of an event', paced.cpu, 'µs')
  },
}

const memory: Measurement = {
  name: 'memory',
  async run({ config, startTime, usage }, note) {
    if (startTime === undefined || !usage) return
    note('start to /readyz', startTime, 'ms')
    const noteMemory = async (when: string) => {
      await sleep(SETTLE)
      note(`memory, ${when}`, (await usage()).memory / MIB, 'MiB')
    }
    await noteMemory('idle')
    await createPods(config, 10_000)
    await noteMemory('10,000 Pods')
    for (const clients of [1, 4]) await closedLoop(config, clients, 12, () => ({ path: PODS }))
    await noteMemory('after LISTs of them')
  },
}

export const measurements: readonly Measurement[] = [memory, creates, reads, writes, lists, watches]
