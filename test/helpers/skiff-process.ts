import { type ChildProcess, type ExecFileOptions, execFile, spawn } from 'node:child_process'
import { join } from 'node:path'

const ROOT = join(import.meta.dirname, '..', '..')
/** What runs `skiff`: the sources, or the bundle that users run (it makes itself anew when a source has changed). */
const SOURCES = [process.execPath, join(ROOT, 'cli', 'skiff.ts')]
const BUNDLE = [join(ROOT, 'skiff')]

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
  return run([...SOURCES, ...args], { env: { ...process.env, ...env }, timeout: 300_000 })
}

/** Runs `./skiff`, the bundle, to its end; making it may take a while. */
export function bundledSkiff(...args: string[]): Promise<Ended> {
  return run([...BUNDLE, ...args], { timeout: 600_000 })
}

function run([file, ...args]: string[], options: ExecFileOptions): Promise<Ended> {
  return new Promise(resolve => {
    execFile(file!, args, { ...options, encoding: 'utf8' }, (error, stdout, stderr) => {
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

export function startServerProcess(data: string, port: number, ...options: string[]): Promise<ServerProcess> {
  return startServer(SOURCES, data, port, options)
}

/** The same from the bundle. */
export function startBundledServer(data: string, port: number, ...options: string[]): Promise<ServerProcess> {
  return startServer(BUNDLE, data, port, options)
}

async function startServer(
  skiff: string[],
  data: string,
  port: number,
  options: string[],
): Promise<ServerProcess> {
  const where = ['--data', data, '--bind', '127.0.0.1', '--port', String(port)]
  const command = [...skiff, 'server', '--only', 'apiserver', ...where, ...options]
  const child = spawn('setpriv', ['--pdeathsig', 'TERM', ...command], { stdio: ['ignore', 'pipe', 'pipe'] })
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
