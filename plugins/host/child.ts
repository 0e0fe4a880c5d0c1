/**
 * The program of an isolated plugin's process: loads the plugin, answers calls until the parent says stop or is gone.
 */
import type { Logger, PluginContext, PluginType } from '../plugin.ts'
import { loadPlugin } from './load.ts'
import {
  type FromChild,
  isSignalToken,
  type SerializedContext,
  serializeError,
  type ToChild,
} from './messages.ts'

const stopped = new AbortController()
const calls = new Map<number, AbortController>()
let plugin: Record<string, unknown> = {}

const send = (message: FromChild): void => {
  process.send?.(message)
}

process.on('message', (message: ToChild) => {
  if (message.kind === 'start') void start(message)
  else if (message.kind === 'call') void answer(message.id, message.method, message.args)
  else if (message.kind === 'abort') calls.get(message.id)?.abort()
  else stop()
})
process.on('disconnect', stop)

function stop(): void {
  stopped.abort()
  setTimeout(() => process.exit(0), 1_000).unref()
  if (process.connected) process.disconnect()
}

async function start(message: Extract<ToChild, { kind: 'start' }>): Promise<void> {
  try {
    const type = message.type as PluginType
    const loaded = await loadPlugin(type, message.context.name, message.url)
    plugin = (await loaded.start(contextOf(message.context))) as unknown as Record<string, unknown>
    send({ kind: 'started', ...describe(plugin) })
  } catch (error) {
    send({ kind: 'error', id: undefined, error: serializeError(error) })
  }
}

function contextOf(context: SerializedContext): PluginContext {
  return { ...context, signal: stopped.signal, log: remoteLogger({}) }
}

function remoteLogger(bindings: object): Logger {
  const at = (level: 'debug' | 'info' | 'warn' | 'error') => (details: object, message: string) =>
    send({ kind: 'log', level, details: { ...bindings, ...details }, message })
  return {
    debug: at('debug'),
    info: at('info'),
    warn: at('warn'),
    error: at('error'),
    child: more => remoteLogger({ ...bindings, ...more }),
  }
}

/** Methods may be on the object or on its class; whatever else can be cloned is copied once. */
function describe(object: Record<string, unknown>): { methods: string[]; fields: Record<string, unknown> } {
  const methods = new Set<string>()
  const fields: Record<string, unknown> = {}
  for (let o: object | null = object; o && o !== Object.prototype; o = Object.getPrototypeOf(o)) {
    for (const name of Object.getOwnPropertyNames(o)) {
      if (name === 'constructor') continue
      if (typeof object[name] === 'function') methods.add(name)
      else fields[name] ??= object[name]
    }
  }
  return { methods: [...methods], fields: cloneable(fields) }
}

function cloneable(fields: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(fields).filter(([, value]) => ['string', 'number', 'boolean'].includes(typeof value)),
  )
}

async function answer(id: number, method: string, args: unknown[]): Promise<void> {
  const controller = new AbortController()
  calls.set(id, controller)
  try {
    const call = plugin[method] as (...args: unknown[]) => unknown
    const result = await call.apply(
      plugin,
      args.map(arg => (isSignalToken(arg) ? controller.signal : arg)),
    )
    if (isAsyncIterable(result)) await sendItems(id, result)
    else send({ kind: 'result', id, value: result })
  } catch (error) {
    send({ kind: 'error', id, error: serializeError(error) })
  } finally {
    calls.delete(id)
  }
}

async function sendItems(id: number, items: AsyncIterable<unknown>): Promise<void> {
  for await (const value of items) send({ kind: 'item', id, value })
  send({ kind: 'end', id })
}

function isAsyncIterable(value: unknown): value is AsyncIterable<unknown> {
  return typeof value === 'object' && value !== null && Symbol.asyncIterator in value
}
