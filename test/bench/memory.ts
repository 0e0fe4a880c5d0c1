// Memory and CPU of each process of the control plane and of one worker while the cluster is idle.
import { readdir, readFile, readlink } from 'node:fs/promises'
import { basename } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { findMachine } from '../../lab/machine.ts'
import { type MachineSpec, machineSpecs } from '../../lab/options.ts'
import { withLab } from './lab.ts'
import { mebibytes, printTable } from './table.ts'

const SETTLE = 20_000
const IDLE = 20_000
/** Of the times in /proc/PID/stat, on every Linux a program sees. */
const TICKS_PER_SECOND = 100

interface Usage {
  name: string
  /** Bytes resident, shared pages in full. */
  rss: number
  /** Bytes resident that no other process maps. */
  own: number
  /** Clock ticks of itself and of its children that have ended. */
  ticks: number
}

export default async function memory(): Promise<void> {
  await withLab(async ({ options }) => {
    const [controlPlane, worker] = machineSpecs(options)
    const machines = [controlPlane!, worker!]
    await sleep(SETTLE)
    const before = await Promise.all(machines.map(machineUsage))
    await sleep(IDLE)
    const after = await Promise.all(machines.map(machineUsage))
    machines.forEach((machine, i) => {
      printUsage(machine.name, before[i]!, after[i]!)
    })
  })
}

/** Every process in the machine's own PID namespace; those of containers have others. */
async function machineUsage(spec: MachineSpec): Promise<Map<string, Usage>> {
  const machine = await findMachine(spec)
  if (!machine) throw new Error(`machine ${spec.name} is off`)
  const namespace = await readlink(`/proc/${machine.pid}/ns/pid`)
  const usages = new Map<string, Usage>()
  for (const pid of (await readdir('/proc')).filter(name => /^\d+$/.test(name))) {
    if ((await readlink(`/proc/${pid}/ns/pid`).catch(() => '')) !== namespace) continue
    const usage = await processUsage(pid).catch(() => undefined)
    if (usage) usages.set(pid, usage)
  }
  return usages
}

async function processUsage(pid: string): Promise<Usage> {
  const read = (file: string): Promise<string> => readFile(`/proc/${pid}/${file}`, 'utf8')
  const [stat, memory_, command] = await Promise.all(['stat', 'smaps_rollup', 'cmdline'].map(read))
  const fields = stat!.slice(stat!.lastIndexOf(')') + 2).split(' ')
  const bytes = (field: string): number =>
    1024 * Number(memory_!.match(new RegExp(`^${field}:\\s+(\\d+)`, 'm'))?.[1])
  return {
    name: shortName(command!.split('\0')),
    rss: bytes('Rss'),
    own: bytes('Private_Clean') + bytes('Private_Dirty'),
    ticks: fields.slice(11, 15).reduce((sum, ticks) => sum + Number(ticks), 0),
  }
}

/** `node … cli/skiff.ts server … --only scheduler` is called `skiff server scheduler`. */
function shortName(argv: string[]): string {
  const script = argv.findIndex(word => /\.(ts|js|sh)$/.test(word))
  if (script < 1) return basename(argv[0]!.split(' ')[0]!)
  const part = argv.includes('--only') ? argv[argv.indexOf('--only') + 1] : ''
  return [basename(argv[script]!).replace(/\.\w+$/, ''), argv[script + 1], part].join(' ').trim()
}

function printUsage(machine: string, before: Map<string, Usage>, after: Map<string, Usage>): void {
  const cpu = (ticks: number): string => `${((ticks / TICKS_PER_SECOND / (IDLE / 1000)) * 100).toFixed(1)} %`
  const used = [...after].map(([pid, usage]) => ({
    ...usage,
    ticks: Math.max(0, usage.ticks - (before.get(pid)?.ticks ?? 0)),
  }))
  const total = (field: 'rss' | 'own' | 'ticks'): number => used.reduce((sum, usage) => sum + usage[field], 0)
  printTable(
    `Idle for ${IDLE / 1000} s: ${machine}`,
    ['PROCESS', 'RSS', 'OWN', 'CPU'],
    [
      ...used
        .sort((a, b) => b.rss - a.rss)
        .map(({ name, rss, own, ticks }) => [name, mebibytes(rss), mebibytes(own), cpu(ticks)]),
      ['all', mebibytes(total('rss')), mebibytes(total('own')), cpu(total('ticks'))],
      ['all, shared pages once', mebibytes(total('own') + largestSharedPart(used)), '', ''],
    ],
  )
}

/** What the processes share is Node itself, so nearly all of it is in the largest. */
const largestSharedPart = (usages: Usage[]): number => Math.max(...usages.map(({ rss, own }) => rss - own))
