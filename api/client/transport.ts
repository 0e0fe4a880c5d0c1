import { readFile } from 'node:fs/promises'
import { Agent as HttpAgent, request as httpRequest, type IncomingMessage } from 'node:http'
import { Agent, request as httpsRequest } from 'node:https'
import { buffer } from 'node:stream/consumers'
import { type Status, StatusError } from '../meta/status.ts'
import { ConnectionError } from './errors.ts'
import type { ClientConfig } from './kubeconfig.ts'

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
  /** The answer as soon as its head is there, for streams. */
  open(request: WireRequest): Promise<IncomingMessage>
  close(): void
}

const TOKEN_FILE_TTL = 60_000
/** Finds out that a peer was switched off while a stream is idle. */
const TCP_KEEPALIVE = 10_000

export function createTransport(config: ClientConfig): Transport {
  const url = new URL(config.server)
  const isTls = url.protocol === 'https:'
  const agent = isTls ? new Agent(tlsOptions(config)) : new HttpAgent({ keepAlive: true })
  const send = isTls ? httpsRequest : httpRequest
  const token = tokenReader(config)
  const prefix = url.pathname === '/' ? '' : url.pathname
  const open = async (given: WireRequest): Promise<IncomingMessage> => {
    const authorization = await token()
    const headers = {
      accept: given.accept ?? 'application/json',
      'user-agent': config.userAgent ?? 'skiff',
      ...(authorization && { authorization: `Bearer ${authorization}` }),
      ...(given.body !== undefined && {
        'content-type': given.contentType ?? 'application/json',
        'content-length': Buffer.byteLength(given.body),
      }),
    }
    const { hostname, port } = url
    const target = {
      agent,
      hostname: hostname.replace(/^\[|\]$/g, ''),
      port,
      method: given.method,
      path: prefix + given.path,
    }
    return new Promise((resolve, reject) => {
      const request = send({ ...target, headers, ...(given.signal && { signal: given.signal }) }, resolve)
      request.on('error', cause => reject(connectionError(cause, given, config.server)))
      request.end(given.body)
    })
  }
  return {
    open: async request => {
      const response = await open(request)
      if (response.statusCode! < 300) return response
      throw await statusError(response)
    },
    send: async request => {
      const response = await open(request)
      if (response.statusCode! >= 300) throw await statusError(response)
      return buffer(response).catch(cause => {
        throw connectionError(cause, request, config.server)
      })
    },
    close: () => agent.destroy(),
  }
}

function tlsOptions({
  ca,
  cert,
  key,
  insecureSkipVerify,
}: ClientConfig): ConstructorParameters<typeof Agent>[0] {
  return {
    keepAlive: true,
    keepAliveMsecs: TCP_KEEPALIVE,
    ...(ca && { ca }),
    ...(cert && { cert }),
    ...(key && { key }),
    rejectUnauthorized: !insecureSkipVerify,
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

function connectionError(cause: Error, { method, path, signal }: WireRequest, server: string): Error {
  if (signal?.aborted && signal.reason?.name !== 'TimeoutError') return cause
  const isTimeout = signal?.reason?.name === 'TimeoutError'
  const message = isTimeout ? 'took too long' : cause.message
  return new ConnectionError(isTimeout ? 'TIMEOUT' : 'CONNECTION', `${method} ${server}${path}: ${message}`, {
    cause,
  })
}

/** The Status in an error's body, or one made from what else the answer says. */
async function statusError(response: IncomingMessage): Promise<StatusError> {
  const text = (await buffer(response).catch(() => Buffer.alloc(0))).toString()
  try {
    const status = JSON.parse(text) as Status
    if (status.kind === 'Status') return new StatusError(status)
  } catch {
    // Not JSON: proxies and plain-text health checks.
  }
  const message = text.trim() || response.statusMessage || `HTTP ${response.statusCode}`
  return new StatusError({
    kind: 'Status',
    apiVersion: 'v1',
    metadata: {},
    status: 'Failure',
    message,
    code: response.statusCode!,
  })
}
