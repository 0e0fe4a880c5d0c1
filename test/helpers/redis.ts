import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { embeddedRedis } from '../../control-plane/store/embedded-redis.ts'

/** A durable Redis of a test's own, on a unix socket, that can be killed and started again on the same data. */
export interface TestRedis {
  url: string
  dir: string
  start(): void
  /** SIGKILL; resolves when the process is gone. */
  kill(): Promise<void>
  /** Sends it a signal (SIGSTOP, SIGCONT). */
  signal(name: NodeJS.Signals): void
  /** Resolves when it has ended, by itself or not. */
  ended(): Promise<void>
  /** Kills it and removes its data, but for a directory that was given. */
  remove(): Promise<void>
}

/** In a directory of its own unless one is given. */
export async function startRedis(home?: string): Promise<TestRedis> {
  const dir = home ?? (await mkdtemp(join(tmpdir(), 'skiff-redis-')))
  const { url, command, prepare } = await embeddedRedis(dir)
  let child: Promise<ChildProcess> | undefined
  const start = () => {
    // Should the test's process be killed, the kernel ends its Redis.
    child = prepare().then(() => spawn('setpriv', ['--pdeathsig', 'KILL', ...command], { stdio: 'ignore' }))
  }
  const kill = async () => {
    const dying = await child
    child = undefined
    if (!dying || dying.exitCode !== null) return
    const gone = new Promise(resolve => dying.once('exit', resolve))
    dying.kill('SIGKILL')
    await gone
  }
  start()
  return {
    url,
    dir,
    start,
    kill,
    async ended() {
      const ending = await child
      if (ending && ending.exitCode === null) await once(ending, 'exit')
    },
    signal: name => void child?.then(process => process.kill(name)),
    async remove() {
      await kill()
      if (!home) await rm(dir, { recursive: true, force: true })
    },
  }
}
