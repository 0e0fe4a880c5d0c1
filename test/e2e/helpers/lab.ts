import { execFile } from 'node:child_process'
import { readdirSync } from 'node:fs'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { findMachine, type Machine, runInMachine } from '../../../lab/machine.ts'
import { LAB_DEFAULTS, type LabOptions, machineSpecs } from '../../../lab/options.ts'
import { kubectlBinary } from '../../helpers/kubectl.ts'

const exec = promisify(execFile)
const DEADLINE = 180_000
const SKIFF = join(import.meta.dirname, '..', '..', '..', 'skiff')

export interface Outcome {
  code: number
  output: string
}

/** Runs a program to its end; never rejects. `output` is what it said on both streams. */
export async function run(
  command: string,
  args: string[],
  env: Record<string, string> = {},
): Promise<Outcome> {
  const options = { env: { ...process.env, ...env }, timeout: 300_000, maxBuffer: 64 * 1024 * 1024 }
  return exec(command, args, options).then(
    ({ stdout, stderr }) => ({ code: 0, output: stdout + stderr }),
    error => ({ code: Number(error.code) || 1, output: `${error.stdout ?? ''}${error.stderr ?? ''}` }),
  )
}

/** A lab of the test's own, beside any other. */
export interface TestLab {
  options: LabOptions
  up(...flags: string[]): Promise<Outcome>
  down(): Promise<Outcome>
  skiff(...args: string[]): Promise<Outcome>
  kubectl(...args: string[]): Promise<Outcome>
  /** Runs kubectl until it succeeds and says what is wanted: what it shows follows a moment after what it is about. */
  kubectlUntil(wanted: RegExp, ...args: string[]): Promise<Outcome>
  machine(name: string): Promise<Machine>
  inMachine(name: string, ...command: string[]): Promise<string>
  remove(): Promise<void>
}

/** `index` keeps the networks of labs that may run at the same time apart. */
export async function createTestLab(index: number): Promise<TestLab> {
  const dataDir = await mkdtemp(join(tmpdir(), 'skiff-e2e-'))
  const options: LabOptions = {
    ...LAB_DEFAULTS,
    name: `e2e${index}`,
    dataDir: join(dataDir, 'lab'),
    subnet: `172.29.${100 + index}.0/24`,
    kubeconfig: join(dataDir, 'kubeconfig'),
  }
  const skiff = (...args: string[]): Promise<Outcome> => run(SKIFF, args)
  const down = (): Promise<Outcome> => skiff('down', '--data', options.dataDir)
  const machine = async (name: string): Promise<Machine> => {
    const found = await findMachine(machineSpecs(options).find(spec => spec.name === name)!)
    if (!found) throw new Error(`machine ${name} is off`)
    return found
  }
  const kubectl = (...args: string[]): Promise<Outcome> =>
    run(kubectlBinary('1.33'), args, { KUBECONFIG: options.kubeconfig })
  return {
    options,
    skiff,
    down,
    machine,
    kubectl,
    async kubectlUntil(wanted, ...args) {
      for (const end = Date.now() + DEADLINE; ; await new Promise(resolve => setTimeout(resolve, 250))) {
        const outcome = await kubectl(...args)
        if ((outcome.code === 0 && wanted.test(outcome.output)) || Date.now() > end) return outcome
      }
    },
    up: (...flags) =>
      skiff(
        'up',
        ...['--data', options.dataDir, '--name', options.name, '--subnet', options.subnet],
        ...['--kubeconfig', options.kubeconfig, ...flags],
      ),
    inMachine: async (name, ...command) => runInMachine(await machine(name), command, 120_000),
    async remove() {
      await down()
      await rm(dataDir, { recursive: true, force: true })
    },
  }
}

/** PIDs inside a machine of the processes whose command line has a text. */
export async function findPids(lab: TestLab, name: string, text: string): Promise<number[]> {
  const { pid } = await lab.machine(name)
  const root = `/proc/${pid}/root/proc`
  const pids = readdirSync(root).filter(entry => /^\d+$/.test(entry))
  const matches = pids.map(async entry => {
    const line = await readFile(join(root, entry, 'cmdline'), 'utf8').catch(() => '')
    return line.replaceAll('\0', ' ').includes(text) ? [Number(entry)] : []
  })
  return (await Promise.all(matches)).flat()
}

/** `kill -9` of the processes whose command line has a text; says when there is none. */
export async function killIn(lab: TestLab, name: string, text: string): Promise<void> {
  const pids = await findPids(lab, name, text)
  if (pids.length === 0) throw new Error(`no process with "${text}" in ${name}`)
  await lab.inMachine(name, 'kill', '-9', ...pids.map(String))
}

/** An old kubectl, and the newest: what changed between them are the protocols of `exec` and `port-forward`. */
export const KUBECTL_VERSIONS = ['1.27', '1.36'] as const
