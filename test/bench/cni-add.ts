// CNI ADD and DEL of a Pod's sandbox: our bridge and addresses beside the reference plugins', one by one and 30 at once
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { CniAnswer, CniCall } from '../fixtures/cni-node.ts'
import { createNamespace, type TestNamespace, type TestProgram } from '../helpers/namespaces.ts'
import { percentile, printTable } from './table.ts'

const FIXTURE = fileURLToPath(new URL('../fixtures/cni-node.ts', import.meta.url))
const OURS = fileURLToPath(new URL('../../dist/cni/bin', import.meta.url))
const REFERENCE = '/usr/lib/cni'
const ONE_BY_ONE = 100
const AT_ONCE = 30
/** Programs run before the count: files are read and the bridge is made for the first time. */
const WARM_UP = 5

/** One way to network a sandbox. */
interface Contender {
  name: string
  program: string
  config: object
  /** Variables besides CNI's. */
  env: Record<string, string>
}

interface Round {
  command: 'ADD' | 'DEL'
  times: number[]
  /** Milliseconds of CPU time per call. */
  cpu: number
}

export default async function bench(): Promise<void> {
  const dir = await mkdtemp(join(tmpdir(), 'skiff-cni-bench-'))
  const node = await createNamespace('cni')
  const pods = await Promise.all(Array.from({ length: AT_ONCE }, (_, i) => createNamespace(`pod${i}`)))
  try {
    const caller = node.start(FIXTURE)
    const daemon = node.start(FIXTURE)
    const socket = join(dir, 'cni.sock')
    await daemon.call('serve', socket)
    const rows: string[][] = []
    for (const contender of contenders(dir, socket)) {
      const measure = createMeasure(contender, { caller, daemon, pods })
      await measure(WARM_UP, 1)
      for (const [count, atOnce] of [
        [ONE_BY_ONE, 1],
        [4 * AT_ONCE, AT_ONCE],
      ] as const) {
        for (const round of await measure(count, atOnce)) rows.push(row(contender.name, atOnce, round))
      }
    }
    printTable('CNI calls', ['PLUGIN', 'CALL', 'AT ONCE', 'P50', 'P99', 'CPU EACH'], rows)
  } finally {
    for (const namespace of [...pods, node]) await namespace.remove()
    await rm(dir, { recursive: true, force: true })
  }
}

function contenders(dir: string, socket: string): Contender[] {
  const network = (type: string, ipam: string, subnet: string, bridge: string): object => ({
    cniVersion: '1.0.0',
    name: type,
    type,
    bridge,
    isGateway: true,
    hairpinMode: true,
    ipam: { type: ipam, subnet, dataDir: join(dir, type), routes: [{ dst: '0.0.0.0/0' }] },
  })
  return [
    {
      name: 'skiff-bridge',
      program: join(OURS, 'skiff-bridge'),
      config: network('skiff-bridge', 'skiff-host-local', '10.9.1.0/24', 'ours'),
      env: { SKIFF_CNI_SOCKET: socket, CNI_PATH: OURS },
    },
    {
      name: 'reference',
      program: join(REFERENCE, 'bridge'),
      config: network('bridge', 'host-local', '10.9.2.0/24', 'theirs'),
      env: { CNI_PATH: REFERENCE },
    },
    { name: '(/bin/true)', program: '/bin/true', config: {}, env: {} },
  ]
}

/** Networks sandboxes and takes them back, `atOnce` at a time, until there were `count`. */
function createMeasure(
  { name, program, config, env }: Contender,
  { caller, daemon, pods }: { caller: TestProgram; daemon: TestProgram; pods: TestNamespace[] },
): (count: number, atOnce: number) => Promise<Round[]> {
  const cpu = async (): Promise<number> => (await caller.call('cpu')) + (await daemon.call('cpu'))
  return async (count, atOnce) => {
    const rounds: Round[] = [
      { command: 'ADD', times: [], cpu: 0 },
      { command: 'DEL', times: [], cpu: 0 },
    ]
    for (let done = 0; done < count; done += atOnce) {
      for (const round of rounds) {
        // Which pod takes part does not matter: those of the round before have nothing of it left.
        const calls = pods.slice(0, atOnce).map((pod, i): CniCall => {
          const id = {
            CNI_CONTAINERID: `c${done + i}`,
            CNI_NETNS: `/run/netns/${pod.name}`,
            CNI_IFNAME: 'eth0',
          }
          return { program, config, env: { CNI_COMMAND: round.command, ...id, ...env } }
        })
        const before = await cpu()
        const answers: CniAnswer[] = await caller.call('callAll', calls)
        round.cpu += ((await cpu()) - before) / count
        for (const { exitCode, output, milliseconds } of answers) {
          if (exitCode !== 0) throw new Error(`${name}: ${round.command} failed: ${output}`)
          round.times.push(milliseconds)
        }
      }
    }
    return rounds
  }
}

function row(name: string, atOnce: number, { command, times, cpu }: Round): string[] {
  const milliseconds = (value: number): string => `${value.toFixed(1)} ms`
  return [
    name,
    command,
    String(atOnce),
    milliseconds(percentile(times, 50)),
    milliseconds(percentile(times, 99)),
    milliseconds(cpu),
  ]
}
