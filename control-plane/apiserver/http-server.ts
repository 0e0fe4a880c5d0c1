import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http'
import { createSecureServer, type Http2SecureServer } from 'node:http2'
import type { AddressInfo, Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import { answer, refusedRequests } from './refused-request.ts'

export interface HttpServerOptions {
  bindAddress: string
  /** 0 for any that is free. */
  port: number
  key: string
  cert: string
  /** Who may sign client certificates. */
  ca: string
  /** Told of each connection that came to nothing. */
  handshakeFailed?: () => void
}

/** A listening server. `port` is the one it got. */
export interface HttpServer {
  port: number
  /** Takes no more connections, ends idle ones, and after the grace period (milliseconds) all others. */
  stop(grace: number): Promise<void>
}

/** An upgrade that goes through the pipeline like any request: what is needed to take the connection over. */
export interface Upgrade {
  socket: Socket
  head: Buffer
}

const UPGRADE = Symbol('upgrade')
/** Idle connections are kept longer than clients keep theirs (Go: 90 s), so that they close them first. */
const KEEP_ALIVE = 120_000
/** How long a client may take to send the headers of a request over HTTP/1.1, as upstream has it. Milliseconds. */
const HEADERS_TIMEOUT = 32_000
/** Bytes of a request's line and headers, as in Go: the command of an `exec` is in the line. */
const MOST_HEADERS = 1 << 20
/** Streams of one HTTP/2 connection at the same time, and the memory a session may hold (MB): watches buffer. */
const MOST_STREAMS = 1_000
const SESSION_MEMORY = 256

/** AES-128 first: as safe, and about a third cheaper than AES-256, which clients would choose. */
const CIPHERS =
  'TLS_AES_128_GCM_SHA256:TLS_AES_256_GCM_SHA384:TLS_CHACHA20_POLY1305_SHA256:ECDHE+AESGCM:ECDHE+CHACHA20'

/**
 * Serves HTTP/2 and HTTP/1.1 over TLS on one port. Client certificates are asked for and not insisted on: who has none
 * may have a token. Upgrades (`exec`, `attach` …) are handed to the same handler; see {@link upgradeOf}.
 */
export async function listen(handler: RequestListener, options: HttpServerOptions): Promise<HttpServer> {
  const { key, cert, ca, port, bindAddress, handshakeFailed } = options
  const server = createSecureServer({
    allowHTTP1: true,
    key,
    cert,
    ca,
    ciphers: CIPHERS,
    honorCipherOrder: true,
    requestCert: true,
    rejectUnauthorized: false,
    maxSessionMemory: SESSION_MEMORY,
    settings: { maxConcurrentStreams: MOST_STREAMS },
  })
  Object.assign(server, {
    keepAliveTimeout: KEEP_ALIVE,
    headersTimeout: HEADERS_TIMEOUT,
    maxHeaderSize: MOST_HEADERS,
  })
  server.on('request', handler as never)
  server.on('upgrade', (request: IncomingMessage, socket: Duplex, head: Buffer) =>
    upgrade(handler, request, socket as Socket, head),
  )
  server.on('connect', (request: IncomingMessage, connection: Socket | ServerResponse) => {
    // As in Go, what is to be connected to is no path.
    if (!request.url?.startsWith('/')) request.url = ''
    // Over HTTP/2 it has a response like any other request.
    if (request.httpVersionMajor === 2) handler(request, connection as ServerResponse)
    else answer(handler, request, connection as Socket)
  })
  server.on('clientError', refusedRequests(handler))
  server.on('sessionError', () => {})
  server.on('tlsClientError', () => handshakeFailed?.())
  const connections = track(server)
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(port, bindAddress, () => {
      server.off('error', reject)
      resolve()
    })
  })
  return {
    port: (server.address() as AddressInfo).port,
    stop: grace => stop(server, connections, grace),
  }
}

/** The connection of a request that asked for an upgrade. */
export function upgradeOf(request: IncomingMessage): Upgrade | undefined {
  return (request as { [UPGRADE]?: Upgrade })[UPGRADE]
}

/** Gives an upgrade request a response, so that it can be refused like any other request. */
function upgrade(handler: RequestListener, request: IncomingMessage, socket: Socket, head: Buffer): void {
  ;(request as { [UPGRADE]?: Upgrade })[UPGRADE] = { socket, head }
  answer(handler, request, socket)
}

function track(server: Http2SecureServer): Set<Socket> {
  const connections = new Set<Socket>()
  server.on('secureConnection', (socket: Socket) => {
    connections.add(socket)
    socket.on('close', () => connections.delete(socket))
  })
  return connections
}

async function stop(server: Http2SecureServer, connections: Set<Socket>, grace: number): Promise<void> {
  const closed = new Promise<void>(resolve => server.close(() => resolve()))
  const timer = setTimeout(() => {
    for (const socket of connections) socket.destroy()
  }, grace)
  await closed
  clearTimeout(timer)
}
