import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { promisify } from 'node:util'

const call = promisify(execFile)

/** A network namespace of a test's own, with programs in it. */
export interface TestNamespace {
  name: string
  /** Runs a program inside and gives its output. */
  run(program: string, ...args: string[]): Promise<string>
  /** Starts a fixture (a TypeScript file that answers `{id, method, args}`) inside. */
  start(file: string, ...args: string[]): TestProgram
  /** Ends its programs and deletes it. */
  remove(): Promise<void>
}

export interface TestProgram {
  call<R = any>(method: string, ...args: unknown[]): Promise<R>
  /** SIGKILL; resolves when it is gone. */
  kill(): Promise<void>
}

export async function createNamespace(role: string): Promise<TestNamespace> {
  const name = `skt-${role}-${randomBytes(3).toString('hex')}`
  await call('ip', ['netns', 'add', name])
  await call('ip', ['-n', name, 'link', 'set', 'lo', 'up'])
  const programs: TestProgram[] = []
  return {
    name,
    run: async (program, ...args) =>
      (await call('ip', ['netns', 'exec', name, program, ...args], { maxBuffer: 64 << 20 })).stdout,
    start(file, ...args) {
      const program = startProgram(name, file, args)
      programs.push(program)
      return program
    },
    async remove() {
      await Promise.all(programs.map(program => program.kill()))
      await call('ip', ['netns', 'delete', name])
    },
  }
}

function startProgram(namespace: string, file: string, args: string[]): TestProgram {
  const argv = ['netns', 'exec', namespace, process.execPath, file, ...args]
  const child = spawn('ip', argv, { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] })
  const gone = new Promise<void>(resolve => child.once('exit', () => resolve()))
  return {
    call: createCaller(child, gone),
    async kill() {
      child.kill('SIGKILL')
      await gone
    },
  }
}

function createCaller(child: ChildProcess, gone: Promise<void>): TestProgram['call'] {
  const waiting = new Map<number, PromiseWithResolvers<any>>()
  let lastId = 0
  child.on('message', ({ id, value, error }: { id: number; value: unknown; error?: string }) => {
    if (error === undefined) waiting.get(id)?.resolve(value)
    else waiting.get(id)?.reject(Object.assign(new Error(error), { code: error }))
    waiting.delete(id)
  })
  void gone.then(() => {
    for (const { reject } of waiting.values()) reject(new Error('the program ended'))
  })
  return (method, ...args) => {
    lastId += 1
    const answer = Promise.withResolvers<any>()
    waiting.set(lastId, answer)
    child.send({ id: lastId, method, args })
    return answer.promise
  }
}

/** Joins two namespaces by a veth pair. Addresses are with their prefix length; none is set where left out. */
export async function joinNamespaces(
  a: { namespace: TestNamespace; link: string; addresses?: string[] },
  b: { namespace: TestNamespace; link: string; addresses?: string[] },
): Promise<void> {
  const peer = ['peer', 'name', b.link, 'netns', b.namespace.name]
  await call('ip', ['-n', a.namespace.name, 'link', 'add', a.link, 'type', 'veth', ...peer])
  for (const { namespace, link, addresses = [] } of [a, b]) {
    for (const address of addresses) {
      await call(
        'ip',
        ['-n', namespace.name, 'address', 'add', address, 'dev', link, 'nodad'].slice(
          0,
          address.includes(':') ? 8 : 7,
        ),
      )
    }
    await call('ip', ['-n', namespace.name, 'link', 'set', link, 'up'])
  }
}
