// A container's process killed → its successor running, as a watch sees it: 10 times, each with a fresh Pod.
import { readdir, readFile } from 'node:fs/promises'
import type { Client } from '../../api/client/client.ts'
import type { Pod } from '../../api/kinds/types.ts'
import { withLab } from './lab.ts'
import { createSleeper, deletePod, isRunning, type PodWatch, watchPods } from './pods.ts'
import { percentile, printTable, seconds } from './table.ts'

const TIMES = 10
const COMMAND = ['sh', '-c', 'sleep 1000']

/** A fresh Pod each time: a container that crashes again is rightly made to wait. */
export default async function crashRestart(): Promise<void> {
  await withLab(async ({ client }) => {
    const stop = new AbortController()
    const watch = await watchPods(client, stop.signal)
    const times: number[] = []
    for (let i = 0; i < TIMES; i++) times.push(await crash(client, watch, `crash-${i}`))
    stop.abort()
    printTable(
      'Container killed → running again',
      ['TIMES', 'P50', 'MAX'],
      [[String(TIMES), ...[50, 100].map(percent => seconds(percentile(times, percent)))]],
    )
  })
}

async function crash(client: Client, watch: PodWatch, name: string): Promise<number> {
  const running = watch.seen(name, isRunning)
  await createSleeper(client, name, COMMAND)
  const { pod } = await running
  const pid = await findContainerProcess(containerId(pod))
  const restarted = watch.seen(name, isBack)
  const killed = performance.now()
  process.kill(pid, 'SIGKILL')
  const { at } = await restarted
  await deletePod(client, watch, name)
  return at - killed
}

const isBack = (pod: Pod): boolean => {
  const status = pod.status?.containerStatuses?.[0]
  return status?.restartCount === 1 && status.state?.running !== undefined
}

const containerId = (pod: Pod): string =>
  pod.status?.containerStatuses?.[0]?.containerID?.split('://')[1] ?? ''

/** PID 1 of a container as the host sees it: in a cgroup named after the container, 1 in its innermost namespace. */
async function findContainerProcess(id: string): Promise<number> {
  if (!id) throw new Error('a running Pod has no container ID')
  for (const pid of (await readdir('/proc')).filter(name => /^\d+$/.test(name))) {
    const read = (file: string): Promise<string> => readFile(`/proc/${pid}/${file}`, 'utf8').catch(() => '')
    if (!(await read('cgroup')).includes(id)) continue
    if (/^NSpid:.*\t1$/m.test(await read('status'))) return Number(pid)
  }
  throw new Error(`container ${id} has no process`)
}
