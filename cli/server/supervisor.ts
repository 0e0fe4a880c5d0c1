import { type ChildProcess, spawn } from 'node:child_process'
import type { Logger } from '../../plugins/plugin.ts'

/** A process the supervisor keeps running. */
export interface ChildSpec {
  name: string
  command: string[]
  env?: Record<string, string>
  /** Its output is thrown away. */
  isQuiet?: boolean
  /** Called before each start, e.g. to clear what the last run left. */
  prepare?(): Promise<void>
}

const FIRST_DELAY = 100
const LONGEST_DELAY = 10_000
/** A child that lived this long starts afresh with the shortest delay. */
const STEADY_AFTER = 10_000
const STOP_DEADLINE = 10_000

/**
 * Keeps children running: each is started again when it ends, with back-off while it keeps failing, until the signal
 * aborts; then they get SIGTERM in reverse order, and SIGKILL after 10 s. Should the supervisor itself die, the kernel
 * ends its children (parent-death signal through setpriv).
 */
export async function supervise(specs: ChildSpec[], log: Logger, signal: AbortSignal): Promise<void> {
  const children = specs.map(spec => keepRunning(spec, log, signal))
  await new Promise<void>(done => {
    if (signal.aborted) done()
    signal.addEventListener('abort', () => done(), { once: true })
  })
  for (const child of children.reverse()) await child.stop()
}

interface Kept {
  stop(): Promise<void>
}

function keepRunning(spec: ChildSpec, log: Logger, signal: AbortSignal): Kept {
  let process: ChildProcess | undefined
  let delay = FIRST_DELAY
  let timer: NodeJS.Timeout | undefined
  const ended = (started: number, why: string): void => {
    process = undefined
    if (signal.aborted) return
    delay = Date.now() - started > STEADY_AFTER ? FIRST_DELAY : Math.min(delay * 2, LONGEST_DELAY)
    log.warn({ child: spec.name, why, restartIn: delay / 1000 }, 'child ended, starting it again')
    timer = setTimeout(start, delay)
  }
  const start = async (): Promise<void> => {
    const started = Date.now()
    try {
      await spec.prepare?.()
    } catch (error) {
      ended(started, (error as Error).message)
      return
    }
    if (signal.aborted) return
    process = spawnChild(spec)
    log.info({ child: spec.name, pid: process.pid }, 'child started')
    process.once('error', error => ended(started, error.message))
    process.once('exit', (code, killedBy) => ended(started, killedBy ?? `exit code ${code}`))
  }
  void start()
  return {
    async stop() {
      clearTimeout(timer)
      if (process) await stopChild(process)
    },
  }
}

function spawnChild({ command, env, isQuiet }: ChildSpec): ChildProcess {
  const output = isQuiet ? 'ignore' : 'inherit'
  return spawn('setpriv', ['--pdeathsig', 'TERM', ...command], {
    stdio: ['ignore', output, output],
    env: { ...process.env, ...env },
  })
}

function stopChild(child: ChildProcess): Promise<void> {
  return new Promise(done => {
    const timer = setTimeout(() => child.kill('SIGKILL'), STOP_DEADLINE)
    child.once('exit', () => {
      clearTimeout(timer)
      done()
    })
    child.kill('SIGTERM')
  })
}
