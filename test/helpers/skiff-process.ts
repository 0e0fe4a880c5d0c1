import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { createServer } from 'node:net'
import { join } from 'node:path'

const CLI = join(import.meta.dirname, '..', '..', 'cli', 'skiff.ts')

/** How a command ended. */
export interface Ended {
  code: number
  stdout: string
  stderr: string
}

/** Runs the command `skiff` to its end. */
export function skiff(...args: string[]): Promise<Ended> {
  return skiffAs({}, ...args)
}

/** The same with other environment variables. */
export function skiffAs(env: Record<string, string>, ...args: string[]): Promise<Ended> {
  const options = { timeout: 60_000, env: { ...process.env, ...env } }
  return new Promise(resolve => {
    execFile(process.execPath, [CLI, ...args], options, (error, stdout, stderr) => {
      resolve({ code: error ? Number(error.code ?? 1) : 0, stdout, stderr })
    })
  })
}

/** `skiff server --only apiserver` as a process of its own, with a Redis of its own. */
export interface ServerProcess {
  kubeconfig: string
  process: ChildProcess
  /** What it has printed. */
  stdout(): string
  /** Ends it with a signal; resolves when it is gone. */
  stop(signal?: NodeJS.Signals): Promise<void>
}

export async function startServerProcess(
  data: string,
  port: number,
  ...options: string[]
): Promise<ServerProcess> {
  const args = [
    CLI,
    'server',
    '--only',
    'apiserver',
    '--data',
    data,
    '--bind',
    '127.0.0.1',
    '--port',
    String(port),
  ]
  const command = ['--pdeathsig', 'TERM', process.execPath, ...args, ...options]
  const child = spawn('setpriv', command, { stdio: ['ignore', 'pipe', 'pipe'] })
  let output = ''
  let stdout = ''
  await new Promise<void>((resolve, reject) => {
    const ready = (chunk: Buffer) => {
      output += chunk
      stdout += chunk
      if (output.includes('API server ready')) resolve()
    }
    child.stdout.on('data', ready)
    child.stderr.on('data', chunk => {
      output += chunk
    })
    child.once('exit', code => reject(new Error(`the server ended (${code}): ${output}`)))
  })
  return {
    kubeconfig: join(data, 'admin.kubeconfig'),
    process: child,
    stdout: () => stdout,
    async stop(signal = 'SIGTERM') {
      if (child.exitCode !== null || child.signalCode) return
      const gone = new Promise(resolve => child.once('exit', resolve))
      child.kill(signal)
      await gone
    },
  }
}

/** A port nobody listens on. */
export async function freePort(): Promise<number> {
  const server = createServer()
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as { port: number }
  await new Promise(resolve => server.close(resolve))
  return port
}
