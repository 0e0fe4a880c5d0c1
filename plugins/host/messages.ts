/**
 * What parent and child say to each other over the IPC channel of an isolated plugin. Arguments and results go through
 * structured clone; an AbortSignal becomes a token that `abort` names; an async iterable is pulled item by item.
 */
export type ToChild =
  | { kind: 'start'; context: SerializedContext; type: string; url: string }
  | { kind: 'call'; id: number; method: string; args: unknown[] }
  | { kind: 'abort'; id: number }
  | { kind: 'stop' }

export type FromChild =
  | { kind: 'started'; methods: string[]; fields: Record<string, unknown> }
  | { kind: 'result'; id: number; value: unknown }
  | { kind: 'item'; id: number; value: unknown }
  | { kind: 'end'; id: number }
  | { kind: 'error'; id: number | undefined; error: SerializedError }
  | { kind: 'log'; level: 'debug' | 'info' | 'warn' | 'error'; details: object; message: string }

export interface SerializedContext {
  name: string
  config: Record<string, unknown>
  dataDir: string
  node?: { name: string; addresses: string[] }
}

export interface SerializedError {
  name: string
  message: string
  code?: unknown
  stack?: string
}

/** Stands for the AbortSignal argument of a call. */
export const SIGNAL_TOKEN = { skiffSignal: true } as const

export const isSignalToken = (value: unknown): boolean =>
  typeof value === 'object' && value !== null && (value as { skiffSignal?: unknown }).skiffSignal === true

/** An error as it crosses the process boundary: its message and stable `code` survive. */
export function serializeError(error: unknown): SerializedError {
  if (!(error instanceof Error)) return { name: 'Error', message: String(error) }
  const { name, message, stack } = error
  return { name, message, code: (error as { code?: unknown }).code, ...(stack && { stack }) }
}

export function deserializeError({ name, message, code, stack }: SerializedError): Error {
  return Object.assign(new Error(message), {
    name,
    ...(code !== undefined && { code }),
    ...(stack && { stack }),
  })
}
