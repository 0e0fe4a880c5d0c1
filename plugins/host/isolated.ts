import { type ChildProcess, fork } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import type { PluginContext, PluginInterfaces, PluginType } from '../plugin.ts'
import { type Calls, createCalls } from './calls.ts'
import { PluginError } from './errors.ts'
import { deserializeError, type FromChild, type ToChild } from './messages.ts'

declare const BUNDLE: string | undefined
/** What the child runs: beside the bundle where this runs out of one, else the source. */
const CHILD = fileURLToPath(
  typeof BUNDLE === 'undefined' ? new URL('./child.ts', import.meta.url) : `file://${BUNDLE}/plugin-child.js`,
)

interface IsolatedOptions {
  type: PluginType
  url: string
  context: PluginContext
  startTimeout: number
}

interface Running {
  process: ChildProcess
  methods: string[]
  fields: Record<string, unknown>
}

const FIRST_RESTART_DELAY = 200
const LONGEST_RESTART_DELAY = 30_000

/**
 * Runs a plugin in a child process and gives an object with the same methods. When the child dies, calls under way
 * reject with PLUGIN_CRASHED and it is started again with back-off; calls in between wait for it. Methods that return
 * async iterables must take an AbortSignal (as all of the seams' do) and simply fail when the child dies.
 */
export async function startIsolated<T extends PluginType>(
  options: IsolatedOptions,
): Promise<PluginInterfaces[T]> {
  const { context } = options
  const calls = createCalls(context.name)
  let running = startChild(options, calls)
  const first = await running
  let delay = FIRST_RESTART_DELAY
  const restart = (code: number | null): void => {
    if (context.signal.aborted) return
    context.log.warn({ exitCode: code, restartIn: delay / 1000 }, 'plugin process ended, starting it again')
    running = wait(delay).then(() => startChild(options, calls))
    delay = Math.min(delay * 2, LONGEST_RESTART_DELAY)
    running.then(
      next => next.process.once('exit', restart),
      () => restart(null),
    )
  }
  first.process.once('exit', restart)
  context.signal.addEventListener('abort', () => void running.then(stopChild, () => {}))
  return calls.proxy(first.methods, first.fields, async message =>
    post((await running).process, message),
  ) as never
}

const wait = (milliseconds: number): Promise<void> => new Promise(done => setTimeout(done, milliseconds))

function post(child: ChildProcess, message: ToChild): void {
  if (child.connected) child.send(message)
}

async function startChild(options: IsolatedOptions, calls: Calls): Promise<Running> {
  const { context, type, url } = options
  const child = fork(CHILD, [], { serialization: 'advanced' })
  child.once('exit', code => calls.failAll(`its process ended (exit code ${code})`))
  const { name, config, dataDir, node } = context
  post(child, { kind: 'start', type, url, context: { name, config, dataDir, ...(node && { node }) } })
  const described = await whenStarted(child, options)
  child.on('message', (message: FromChild) => {
    if (message.kind === 'log') context.log[message.level](message.details, message.message)
    else calls.receive(message)
  })
  return { process: child, ...described }
}

function whenStarted(child: ChildProcess, options: IsolatedOptions): Promise<Omit<Running, 'process'>> {
  const { name } = options.context
  return new Promise((resolve, reject) => {
    const fail = (code: PluginError['code'], message: string, cause?: Error): void => {
      child.kill('SIGKILL')
      reject(new PluginError(code, name, message, { cause }))
    }
    const timer = setTimeout(
      () => fail('PLUGIN_TIMEOUT', `start took longer than ${options.startTimeout / 1000} s`),
      options.startTimeout,
    )
    child.once('exit', code => {
      clearTimeout(timer)
      fail('PLUGIN_START_FAILED', `its process ended while starting (exit code ${code})`)
    })
    child.on('message', function onMessage(message: FromChild) {
      if (message.kind !== 'started' && message.kind !== 'error') return
      clearTimeout(timer)
      child.off('message', onMessage)
      if (message.kind === 'started') resolve(message)
      else fail('PLUGIN_START_FAILED', message.error.message, deserializeError(message.error))
    })
  })
}

function stopChild({ process: child }: Running): void {
  post(child, { kind: 'stop' })
  const timer = setTimeout(() => child.kill('SIGKILL'), 3_000)
  child.once('exit', () => clearTimeout(timer))
}
