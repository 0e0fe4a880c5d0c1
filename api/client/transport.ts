import { readFile } from 'node:fs/promises'
import type { Readable } from 'node:stream'
import { buffer } from 'node:stream/consumers'
import { type Status, StatusError } from '../meta/status.ts'
import { authorizationOf } from './authorization.ts'
import { type Connection, NoHttp2Error, type TlsIdentity, type WireAnswer } from './connection.ts'
import { ConnectionError } from './errors.ts'
import { http1Connection } from './http1-connection.ts'
import { http2Connection } from './http2-connection.ts'
import type { ClientConfig, Credentials } from './kubeconfig.ts'

/** A request below the kinds. */
export interface WireRequest {
  method: string
  /** With query. */
  path: string
  body?: Buffer | string | undefined
  contentType?: string | undefined
  accept?: string | undefined
  signal?: AbortSignal | undefined
}

/** Sends requests to one API server over kept connections. */
export interface Transport {
  /** The whole body of a successful answer; a StatusError for any other. */
  send(request: WireRequest): Promise<Buffer>
  /** The answer as soon as its head is there, for streams. Waits for the head no longer than `headDeadline` (ms). */
  open(request: WireRequest, headDeadline: number): Promise<Readable>
  close(): void
}

const TOKEN_FILE_TTL = 60_000
const UNAUTHORIZED = 401

export function createTransport(config: ClientConfig): Transport {
  const url = new URL(config.server)
  const source = credentialSource(url, config)
  const prefix = url.pathname === '/' ? '' : url.pathname
  const call = async (request: WireRequest): Promise<WireAnswer> => {
    request.signal?.throwIfAborted()
    const { connection, authorization } = await source.current()
    const headers = requestHeaders(request, config, authorization)
    const { method, path, body, signal } = request
    const called = await connection.call({ method, path: prefix + path, headers, body, signal })
    if (called.status === UNAUTHORIZED) source.refused()
    return called
  }
  const answer = async <R>(request: WireRequest, read: (body: Readable) => R | Promise<R>): Promise<R> => {
    try {
      const { status, body } = await call(request)
      if (status >= 300) throw await statusError(status, body)
      return await read(body)
    } catch (error) {
      throw error instanceof StatusError ? error : connectionError(error as Error, request, config.server)
    }
  }
  return {
    send: request => answer(request, buffer),
    open: (request, headDeadline) =>
      withHeadDeadline(request, headDeadline, limited => answer(limited, body => body)),
    close: () => source.close(),
  }
}

/** The connection, and how a request on it shows who sends it. */
interface CredentialSource {
  current(): Promise<{ connection: Connection; authorization: string | undefined }>
  /** The server did not know who it was. */
  refused(): void
  close(): void
}

function credentialSource(url: URL, config: ClientConfig): CredentialSource {
  if (config.exec) return pluginSource(url, config)
  const connection = openConnection(url, config)
  const token = tokenReader(config)
  const basic = authorizationOf({ ...config, token: '' })
  return {
    async current() {
      const read = await token()
      return { connection, authorization: read ? authorizationOf({ token: read }) : basic }
    },
    refused() {},
    close: () => connection.close(),
  }
}

/** Credentials of a program. Another certificate is another connection. */
function pluginSource(url: URL, config: ClientConfig): CredentialSource {
  const plugin = import('./exec-plugin.ts').then(({ createExecPlugin }) =>
    createExecPlugin(config.exec!, config),
  )
  let shown: Credentials | undefined
  let connection: Connection | undefined
  return {
    async current() {
      const credentials = await (await plugin).credentials()
      if (connection && shown?.cert !== credentials.cert) {
        connection.close()
        connection = undefined
      }
      shown = credentials
      connection ??= openConnection(url, { ...config, ...credentials })
      return { connection, authorization: authorizationOf(credentials) }
    },
    refused: () => void plugin.then(known => known.refused()),
    close: () => connection?.close(),
  }
}

/** HTTP/2 over TLS; HTTP/1.1 where the server has no other. */
function openConnection(url: URL, { ca, cert, key, insecureSkipVerify }: ClientConfig): Connection {
  const identity: TlsIdentity = {
    ...(ca && { ca }),
    ...(cert && { cert }),
    ...(key && { key }),
    rejectUnauthorized: !insecureSkipVerify,
  }
  let connection = url.protocol === 'https:' ? http2Connection(url, identity) : http1Connection(url, identity)
  return {
    async call(call) {
      try {
        return await connection.call(call)
      } catch (error) {
        if (!(error instanceof NoHttp2Error)) throw error
        connection = http1Connection(url, identity)
        return connection.call(call)
      }
    },
    close: () => connection.close(),
  }
}

async function withHeadDeadline<R>(
  request: WireRequest,
  milliseconds: number,
  open: (request: WireRequest) => Promise<R>,
): Promise<R> {
  const deadline = new AbortController()
  const timer = setTimeout(
    () => deadline.abort(new DOMException('took too long', 'TimeoutError')),
    milliseconds,
  )
  const signal = request.signal ? AbortSignal.any([request.signal, deadline.signal]) : deadline.signal
  return open({ ...request, signal }).finally(() => clearTimeout(timer))
}

function requestHeaders(
  { accept, body, contentType }: WireRequest,
  { userAgent }: ClientConfig,
  authorization: string | undefined,
): Record<string, string | number> {
  return {
    accept: accept ?? 'application/json',
    'user-agent': userAgent ?? 'skiff',
    ...(authorization && { authorization }),
    ...(body !== undefined && {
      'content-type': contentType ?? 'application/json',
      'content-length': Buffer.byteLength(body),
    }),
  }
}

function tokenReader({ token, tokenFile }: ClientConfig): () => Promise<string | undefined> {
  if (!tokenFile) return async () => token
  let read: Promise<string> | undefined
  let readAt = 0
  return () => {
    if (!read || Date.now() - readAt > TOKEN_FILE_TTL) {
      read = readFile(tokenFile, 'utf8').then(text => text.trim())
      readAt = Date.now()
    }
    return read
  }
}

/** What broke, as the caller is told: its own abort as it is, everything else with what was asked of whom. */
function connectionError(cause: Error, { method, path, signal }: WireRequest, server: string): Error {
  const isTimeout = signal?.aborted && signal.reason?.name === 'TimeoutError'
  if (signal?.aborted && !isTimeout) return signal.reason ?? cause
  const message = isTimeout ? 'took too long' : cause.message
  const code = isTimeout ? 'TIMEOUT' : 'CONNECTION'
  return new ConnectionError(code, `${method} ${server}${path}: ${message}`, { cause })
}

/** The Status in an error's body, or one made from what else the answer says. */
async function statusError(code: number, body: Readable): Promise<StatusError> {
  const text = (await buffer(body)).toString()
  try {
    const status = JSON.parse(text) as Status
    if (status.kind === 'Status') return new StatusError(status)
  } catch {
    // Not JSON: proxies and plain-text health checks.
  }
  const message = text.trim() || `the server answered HTTP ${code}`
  return new StatusError({
    kind: 'Status',
    apiVersion: 'v1',
    metadata: {},
    status: 'Failure',
    message,
    code,
  })
}
