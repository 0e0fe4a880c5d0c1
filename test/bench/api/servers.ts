import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { promisify } from 'node:util'
import { type ClientConfig, loadKubeconfig } from '../../../api/client/kubeconfig.ts'
import { engineFlags } from '../../../cli/server/engine-flags.ts'
import { Connection } from './connection.ts'
import { type Usage, usageOfTree } from './processes.ts'

/** A server that can be measured. */
export interface Contestant {
  name: string
  /** Starts it with nothing in it; one that runs already is taken as it is. */
  start(): Promise<RunningServer>
}

export interface RunningServer {
  config: ClientConfig
  /** From the start of its processes to the first good answer of /readyz, ms; where it was started here. */
  startTime?: number
  /** Of all its processes, where they are known. */
  usage?(): Promise<Usage>
  stop(): Promise<void>
}

const SKIFF = join(import.meta.dirname, '../../../skiff')
const BUNDLE = join(import.meta.dirname, '../../../dist/skiff/skiff.js')
const DEADLINE = 60_000
const POLL = 10

/** Our API server with its Redis, as `skiff server` runs it, with an audit log. */
export const ours: Contestant = {
  name: 'skiff',
  async start() {
    await promisify(execFile)(SKIFF, ['version']) // Bundles what has changed.
    const dir = await mkdtemp(join(tmpdir(), 'skiff-bench-api-'))
    const data = join(dir, 'data')
    const port = await freePort()
    const node = [process.execPath, ...engineFlags('apiserver'), BUNDLE]
    const options = ['--only', 'apiserver', '--bind', '127.0.0.1', '--data', data, '--port', String(port)]
    const audit = ['--audit-log-path', join(dir, 'audit.log')]
    const server = await startProcess(
      [...node, 'server', ...options, ...audit],
      join(data, 'admin.kubeconfig'),
    )
    return {
      ...server,
      async stop() {
        await server.stop()
        await rm(dir, { recursive: true, force: true })
      },
    }
  },
}

/** Any Kubernetes API, by its kubeconfig. `command` starts it anew each time; without one it has to run already. */
export function peer(kubeconfig: string, command: string | undefined): Contestant {
  return {
    name: 'peer',
    async start() {
      if (command) {
        await rm(kubeconfig, { force: true })
        return await startProcess(['sh', '-c', command], kubeconfig)
      }
      return { config: await loadKubeconfig(kubeconfig), async stop() {} }
    },
  }
}

async function startProcess([program, ...args]: string[], kubeconfig: string): Promise<RunningServer> {
  const start = performance.now()
  const child = spawn(program!, args, { stdio: ['ignore', 'ignore', 'inherit'], detached: true })
  const stop = () => end(child)
  try {
    const config = await ready(kubeconfig, child)
    const startTime = performance.now() - start
    return { config, startTime, usage: () => usageOfTree(child.pid!), stop }
  } catch (error) {
    await stop()
    throw error
  }
}

async function ready(kubeconfig: string, child: ChildProcess): Promise<ClientConfig> {
  const deadline = Date.now() + DEADLINE
  while (Date.now() < deadline && child.exitCode === null) {
    const config = await loadKubeconfig(kubeconfig).catch(() => undefined)
    if (config && (await isReady(config))) return config
    await sleep(POLL)
  }
  throw new Error(`no server that is ready at ${kubeconfig}, expected one within ${DEADLINE / 1000} s`)
}

async function isReady(config: ClientConfig): Promise<boolean> {
  try {
    const connection = await Connection.open(config)
    const { status } = await connection.send({ path: '/readyz' }).finally(() => connection.close())
    return status === 200
  } catch {
    return false
  }
}

/** Ends the process group: a shell does not hand signals on. */
async function end(child: ChildProcess): Promise<void> {
  const signal = (name: NodeJS.Signals): boolean => {
    try {
      return process.kill(-child.pid!, name)
    } catch {
      return false
    }
  }
  signal('SIGTERM')
  const deadline = Date.now() + DEADLINE / 4
  while (signal(0 as unknown as NodeJS.Signals)) {
    if (Date.now() > deadline) signal('SIGKILL')
    await sleep(POLL * 5)
  }
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const { port } = server.address() as { port: number }
      server.close(() => resolve(port))
    })
    server.on('error', reject)
  })
}
