import { readFile } from 'node:fs/promises'
import type { IncomingMessage } from 'node:http'
import { createServer, type Server } from 'node:https'
import type { AddressInfo } from 'node:net'
import type { Duplex } from 'node:stream'
import type { TLSSocket } from 'node:tls'
import Koa from 'koa'
import { checkAccess } from './access.ts'
import type { RequestError } from './find-container.ts'
import type { KubeletServerOptions } from './options.ts'
import { createRoutes, OPEN_PATHS } from './routes.ts'
import { proxyStream } from './streams.ts'

export interface KubeletServer {
  port: number
  close(): Promise<void>
}

/** Bytes of a request's line and headers, as in Go: the command of an `exec` is in the line. */
const MOST_HEADERS = 1 << 20

/** The kubelet's HTTPS server: what the API server asks it for logs, exec, port-forward, statistics. */
export async function startKubeletServer(options: KubeletServerOptions): Promise<KubeletServer> {
  const { certFile, keyFile, clientCAFile } = options.tls
  const [cert, key, ca] = await Promise.all([readFile(certFile), readFile(keyFile), readFile(clientCAFile)])
  const app = createApp(options)
  const server = createServer(
    { cert, key, ca, requestCert: true, rejectUnauthorized: false, maxHeaderSize: MOST_HEADERS },
    app.callback(),
  )
  server.on('upgrade', (request, socket, head) => void upgrade(options, request, socket, head))
  server.requestTimeout = 0
  await listen(server, options.address, options.port)
  return { port: (server.address() as AddressInfo).port, close: () => close(server) }
}

function listen(server: Server, address: string, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen(port, address, resolve)
  })
}

function close(server: Server): Promise<void> {
  server.closeAllConnections()
  return new Promise(resolve => server.close(() => resolve()))
}

function createApp(options: KubeletServerOptions): Koa {
  const app = new Koa()
  const route = createRoutes(options)
  app.silent = true
  app.use(async ctx => {
    try {
      if (!OPEN_PATHS.has(ctx.path)) await authorize(options, ctx.req, ctx.path)
      await route(ctx)
    } catch (error) {
      const { message, status = 500 } = error as RequestError
      if (ctx.headerSent) throw error
      ctx.status = status
      ctx.body = message
    }
  })
  return app
}

async function authorize(
  { context }: KubeletServerOptions,
  request: IncomingMessage,
  path: string,
): Promise<void> {
  const socket = request.socket as TLSSocket
  const certificate = socket.authorized ? socket.getPeerCertificate() : undefined
  await checkAccess(context.client, certificate, request.headers.authorization, {
    path,
    method: request.method ?? 'GET',
    nodeName: context.nodeName,
  })
}

async function upgrade(
  options: KubeletServerOptions,
  request: IncomingMessage,
  socket: Duplex,
  head: Buffer,
): Promise<void> {
  socket.on('error', () => socket.destroy())
  try {
    await authorize(options, request, request.url ?? '/')
    await proxyStream(options, request, socket, head)
  } catch (error) {
    const { message, status = 500 } = error as RequestError
    const length = Buffer.byteLength(message)
    socket.end(
      `HTTP/1.1 ${status} Error\r\ncontent-type: text/plain\r\ncontent-length: ${length}\r\nconnection: close\r\n\r\n${message}`,
    )
  }
}
