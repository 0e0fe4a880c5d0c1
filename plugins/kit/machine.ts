import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { extname, join } from 'node:path'
import { promisify } from 'node:util'
import type { PluginType } from '../plugin.ts'

const call = promisify(execFile)
/** Beside this file, source or built. */
const PROGRAM = join(import.meta.dirname, `machine-program${extname(import.meta.filename)}`)

/** A network namespace of a suite's: a node, a Pod, or somebody outside. All are gone with the suite. */
export interface Machine {
  name: string
  /** Runs a program inside and gives what it prints. */
  run(program: string, ...args: string[]): Promise<string>
  /** The process inside that serves and asks. */
  peer(): Remote
  /** A process inside with the plugin of a file, started. Its methods are called with what a message can carry. */
  startPlugin(type: PluginType, source: string, config?: object): Promise<Remote>
}

/** A process in a machine. Calls reject with the error's message and `code`. */
export interface Remote {
  call(method: string, ...args: unknown[]): Promise<any>
  /** SIGKILL. */
  kill(): Promise<void>
}

/** Must be called in a process with mounts and network of its own (see `run.ts`). */
export async function createMachine(name: string): Promise<Machine> {
  await call('ip', ['netns', 'add', name])
  await call('ip', ['-n', name, 'link', 'set', 'lo', 'up'])
  const enter = [`--net=/run/netns/${name}`]
  let peer: Remote | undefined
  return {
    name,
    run: async (program, ...args) => (await call('nsenter', [...enter, program, ...args])).stdout,
    peer() {
      peer ??= startRemote(enter)
      return peer
    },
    async startPlugin(type, source, config = {}) {
      const remote = startRemote(enter)
      const methods: string[] = await remote.call('startPlugin', type, source, config)
      return {
        kill: remote.kill,
        call: (method, ...args) =>
          methods.includes(method)
            ? remote.call('callPlugin', method, args)
            : Promise.reject(new Error(`the plugin has no method ${method}`)),
      }
    },
  }
}

function startRemote(enter: string[]): Remote {
  const child = spawn('nsenter', [...enter, process.execPath, PROGRAM], {
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  })
  const gone = new Promise<void>(resolve => child.once('exit', () => resolve()))
  const caller = createCaller(child)
  void gone.then(() => caller.fail('the process ended'))
  return {
    call: caller.call,
    async kill() {
      child.kill('SIGKILL')
      await gone
    },
  }
}

interface Reply {
  id: number
  value?: unknown
  error?: { message: string; code?: unknown }
}

function createCaller(child: ChildProcess): { call: Remote['call']; fail(why: string): void } {
  const waiting = new Map<number, PromiseWithResolvers<unknown>>()
  let lastId = 0
  child.on('message', ({ id, value, error }: Reply) => {
    if (error) waiting.get(id)?.reject(Object.assign(new Error(error.message), { code: error.code }))
    else waiting.get(id)?.resolve(value)
    waiting.delete(id)
  })
  return {
    call(method, ...args) {
      lastId += 1
      const answer = Promise.withResolvers<unknown>()
      waiting.set(lastId, answer)
      child.send({ id: lastId, method, args })
      return answer.promise
    },
    fail(why) {
      for (const { reject } of waiting.values()) reject(new Error(why))
      waiting.clear()
    },
  }
}

/** Joins two machines by a cable. Addresses are with their prefix length. */
export async function plug(
  a: { machine: Machine; link: string; address?: string; master?: string },
  b: { machine: Machine; link: string; address?: string; master?: string },
): Promise<void> {
  const peer = ['peer', 'name', b.link, 'netns', b.machine.name]
  await a.machine.run('ip', 'link', 'add', a.link, 'type', 'veth', ...peer)
  for (const { machine, link, address, master } of [a, b]) {
    if (master) await machine.run('ip', 'link', 'set', link, 'master', master)
    if (address) await machine.run('ip', 'address', 'add', address, 'dev', link)
    await machine.run('ip', 'link', 'set', link, 'up')
  }
}
