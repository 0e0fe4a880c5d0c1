import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { chmod, mkdir, open, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { createMachineCgroups, isUnified, removeMachineCgroups } from './cgroups.ts'
import { run } from './command.ts'
import type { LabOptions, MachineSpec } from './options.ts'
import { plugIn } from './switch.ts'

const INIT = fileURLToPath(new URL('./machine-init.sh', import.meta.url))
const BOOT_DEADLINE = 10_000

/** A machine of the lab that is switched on. `pid` is its PID 1 as the host sees it. */
export interface Machine extends MachineSpec {
  pid: number
}

/** A program of a machine, kept running by its PID 1. */
export interface Service {
  name: string
  /** argv, run inside the machine. */
  command: string[]
  env?: Record<string, string>
}

/**
 * Switches a machine on: namespaces (net, mnt, uts, ipc, pid, cgroup) of its own, a link to the switch, its services.
 * Killing its PID 1 switches it off with everything in it. Already on: left as it is.
 */
export async function startMachine(
  options: LabOptions,
  spec: MachineSpec,
  services: Service[],
): Promise<Machine> {
  const running = await findMachine(spec)
  if (running) return running
  await prepareFiles(spec, services)
  const cgroups = await createMachineCgroups(options.name, spec.name)
  const outer = await spawnInit(spec, cgroups)
  const pid = await waitForBoot(spec, outer)
  await writeFile(join(spec.dir, 'init.pid'), `${pid} ${await startTime(pid)}\n`)
  await plugIn(options, spec, pid)
  await writeFile(join(spec.dir, 'plugged-in'), '')
  return { ...spec, pid }
}

async function prepareFiles({ dir }: MachineSpec, services: Service[]): Promise<void> {
  await Promise.all(['booted', 'plugged-in', 'init.pid'].map(file => rm(join(dir, file), { force: true })))
  await rm(join(dir, 'services'), { recursive: true, force: true })
  await mkdir(join(dir, 'services'), { recursive: true })
  await mkdir(join(dir, 'log'), { recursive: true })
  for (const service of services) await writeService(dir, service)
}

async function writeService(dir: string, { name, command, env = {} }: Service): Promise<void> {
  const quote = (word: string): string => `'${word.replaceAll("'", "'\\''")}'`
  const exports = Object.entries(env).map(([key, value]) => `export ${key}=${quote(value)}\n`)
  const path = join(dir, 'services', name)
  await writeFile(path, `#!/bin/sh\n${exports.join('')}exec ${command.map(quote).join(' ')}\n`)
  await chmod(path, 0o755)
}

/** The shell joins the cgroups before unshare makes the cgroup namespace, so that they become the machine's root. */
async function spawnInit({ name, dir }: MachineSpec, cgroups: string[]): Promise<number> {
  const join_ = cgroups.map(path => `echo $$ > ${path}/cgroup.procs`).join('; ')
  const unshare = 'unshare -n -m -u -i -p -C -f --kill-child --propagation private --mount-proc'
  const log = await open(join(dir, 'log', 'init.log'), 'a')
  const child = spawn('bash', ['-c', `${join_}; exec ${unshare} "$0" "$@"`, INIT, name, dir], {
    detached: true,
    stdio: ['ignore', log.fd, log.fd],
    env: {
      PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin',
      ...(isUnified() && { SKIFF_CGROUP2: '1' }),
    },
  })
  child.unref()
  await log.close()
  if (!child.pid) throw new Error(`machine ${name} could not be started (see ${dir}/log/init.log)`)
  return child.pid
}

async function waitForBoot({ name, dir }: MachineSpec, outer: number): Promise<number> {
  const deadline = Date.now() + BOOT_DEADLINE
  while (!existsSync(join(dir, 'booted'))) {
    if (Date.now() > deadline || !existsSync(`/proc/${outer}`)) {
      throw new Error(`machine ${name} did not boot (see ${dir}/log/init.log)`)
    }
    await sleep(10)
  }
  const children = await readFile(`/proc/${outer}/task/${outer}/children`, 'utf8')
  return Number(children.trim().split(' ')[0])
}

/** The machine if it is on. A PID that now belongs to another process is told by its start time. */
export async function findMachine(spec: MachineSpec): Promise<Machine | undefined> {
  const [pid, started] = (await readFile(join(spec.dir, 'init.pid'), 'utf8').catch(() => ''))
    .trim()
    .split(' ')
  if (!pid || (await startTime(Number(pid))) !== started) return undefined
  return { ...spec, pid: Number(pid) }
}

/** Field 22 of /proc/PID/stat; undefined when there is no such process or it is a zombie. */
async function startTime(pid: number): Promise<string | undefined> {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '')
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  return fields[0] === 'Z' ? undefined : fields[19]
}

/** Switches a machine off and removes its cgroups. Its files stay. */
export async function stopMachine(options: LabOptions, spec: MachineSpec): Promise<void> {
  const machine = await findMachine(spec)
  if (machine) {
    process.kill(machine.pid, 'SIGKILL')
    const deadline = Date.now() + BOOT_DEADLINE
    while ((await findMachine(spec)) && Date.now() < deadline) await sleep(10)
  }
  await rm(join(spec.dir, 'init.pid'), { force: true })
  for (let attempts = 0; attempts < 50; attempts++) {
    await removeMachineCgroups(options.name, spec.name)
    if (!existsSync(`/sys/fs/cgroup/memory/${options.name}-lab/${spec.name}`)) return
    await sleep(20)
  }
}

/** Runs a program inside a machine and returns its output. */
export function runInMachine(machine: Machine, command: string[], timeout?: number): Promise<string> {
  return run('nsenter', ['-t', String(machine.pid), '-a', ...command], { ...(timeout && { timeout }) })
}
