import { PluginError } from './errors.ts'
import { deserializeError, type FromChild, SIGNAL_TOKEN, type ToChild } from './messages.ts'

/** The calls under way to one isolated plugin. */
export interface Calls {
  /** An object with the plugin's methods, each sending a call. */
  proxy(methods: string[], fields: Record<string, unknown>, send: Send): Record<string, unknown>
  receive(message: FromChild): void
  /** Rejects all that is under way. */
  failAll(message: string): void
}

type Send = (message: ToChild) => Promise<void>

interface Call {
  resolve(value: unknown): void
  reject(error: Error): void
  push(value: unknown): void
  end(): void
}

/** A method whose name is in this list returns an async iterable at once; all others return a promise. */
const STREAMING_METHODS = new Set(['events', 'watch'])

export function createCalls(plugin: string): Calls {
  const calls = new Map<number, Call>()
  let lastId = 0
  const open = (call: Call): number => {
    lastId += 1
    calls.set(lastId, call)
    return lastId
  }
  const settle = (id: number): Call | undefined => {
    const call = calls.get(id)
    calls.delete(id)
    return call
  }
  return {
    proxy: (methods, fields, send) => ({
      ...fields,
      ...Object.fromEntries(methods.map(method => [method, caller(method, open, send)])),
    }),
    receive(message) {
      if (message.kind === 'result') settle(message.id)?.resolve(message.value)
      else if (message.kind === 'item') calls.get(message.id)?.push(message.value)
      else if (message.kind === 'end') settle(message.id)?.end()
      else if (message.kind === 'error' && message.id)
        settle(message.id)?.reject(deserializeError(message.error))
    },
    failAll(message) {
      for (const call of calls.values()) call.reject(new PluginError('PLUGIN_CRASHED', plugin, message))
      calls.clear()
    },
  }
}

function caller(method: string, open: (call: Call) => number, send: Send): (...args: unknown[]) => unknown {
  return STREAMING_METHODS.has(method)
    ? (...args) => stream(method, args, open, send)
    : (...args) => request(method, args, open, send)
}

function request(
  method: string,
  args: unknown[],
  open: (call: Call) => number,
  send: Send,
): Promise<unknown> {
  return new Promise((resolve, reject) => {
    const id = open({ resolve, reject, push() {}, end: () => resolve(undefined) })
    send(callMessage(id, method, args, send)).catch(reject)
  })
}

function callMessage(id: number, method: string, args: unknown[], send: Send): ToChild {
  const sendable = args.map(arg => {
    if (!(arg instanceof AbortSignal)) return arg
    arg.addEventListener('abort', () => void send({ kind: 'abort', id }), { once: true })
    return SIGNAL_TOKEN
  })
  return { kind: 'call', id, method, args: sendable }
}

async function* stream(
  method: string,
  args: unknown[],
  open: (call: Call) => number,
  send: Send,
): AsyncGenerator<unknown> {
  const queue: unknown[] = []
  let wake = (): void => {}
  let failure: Error | undefined
  let ended = false
  const id = open({
    resolve: () => finish(),
    reject: error => finish(error),
    push: value => {
      queue.push(value)
      wake()
    },
    end: () => finish(),
  })
  const finish = (error?: Error): void => {
    failure = error
    ended = true
    wake()
  }
  try {
    await send(callMessage(id, method, args, send))
    while (true) {
      while (queue.length > 0) yield queue.shift()
      if (failure) throw failure
      if (ended) return
      await new Promise<void>(resolve => {
        wake = resolve
      })
    }
  } finally {
    if (!ended) await send({ kind: 'abort', id })
  }
}
