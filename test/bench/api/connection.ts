import { connect, type TLSSocket } from 'node:tls'
import type { ClientConfig } from '../../../api/client/kubeconfig.ts'
import { ReplyParser } from './reply-parser.ts'

/** The answer to a request. */
export interface Reply {
  status: number
  /** Bytes of the body, which is kept only if the request said so. */
  size: number
  body: Buffer
}

export interface RequestOptions {
  method?: string
  path: string
  body?: unknown
  type?: string
}

const LONGEST_WAIT = 120_000

/** The bytes of a request. */
export function requestBytes(config: ClientConfig, request: RequestOptions): Buffer {
  const { method = 'GET', path, body, type = 'application/json' } = request
  const content = body === undefined ? '' : typeof body === 'string' ? body : JSON.stringify(body)
  const lines = [
    `${method} ${path} HTTP/1.1`,
    `host: ${new URL(config.server).host}`,
    'accept: application/json',
    'user-agent: skiff-bench',
    ...(config.token ? [`authorization: Bearer ${config.token}`] : []),
    ...(content ? [`content-type: ${type}`, `content-length: ${Buffer.byteLength(content)}`] : []),
  ]
  return Buffer.from(`${lines.join('\r\n')}\r\n\r\n${content}`)
}

/**
 * One HTTP/1.1 connection that is kept open. Much leaner than `node:https`, so that on a small machine it is the server
 * that is measured.
 */
export class Connection {
  #config: ClientConfig
  #socket: TLSSocket
  #waiting: { resolve(reply: Reply): void; reject(error: Error): void } | undefined
  #parser: ReplyParser
  #chunks: Buffer[] = []
  #keepsBody = false
  #size = 0

  private constructor(config: ClientConfig, socket: TLSSocket) {
    this.#config = config
    this.#socket = socket
    this.#parser = new ReplyParser({ data: chunk => this.#data(chunk), end: status => this.#end(status) })
    socket.on('data', chunk => this.#parser.push(chunk))
    socket.on('error', error => this.#waiting?.reject(error))
    socket.on('close', () => this.#waiting?.reject(new Error('the server closed the connection')))
    socket.setTimeout(LONGEST_WAIT, () => socket.destroy(new Error('no answer for two minutes')))
  }

  static async open(config: ClientConfig): Promise<Connection> {
    return new Connection(config, await openSocket(config))
  }

  /** Sends a request and resolves with its answer. One at a time. */
  send(request: RequestOptions, keepsBody = false): Promise<Reply> {
    this.#keepsBody = keepsBody
    return new Promise((resolve, reject) => {
      this.#waiting = { resolve, reject }
      this.#socket.write(requestBytes(this.#config, request))
    })
  }

  close(): void {
    this.#waiting = undefined
    this.#socket.destroy()
  }

  #data(chunk: Buffer): void {
    this.#size += chunk.length
    if (this.#keepsBody) this.#chunks.push(chunk)
  }

  #end(status: number): void {
    const reply = { status, size: this.#size, body: Buffer.concat(this.#chunks) }
    this.#size = 0
    this.#chunks = []
    const waiting = this.#waiting
    this.#waiting = undefined
    waiting?.resolve(reply)
  }
}

/** A TLS connection to the server of a kubeconfig. */
export function openSocket(config: ClientConfig): Promise<TLSSocket> {
  const { hostname, port } = new URL(config.server)
  return new Promise((resolve, reject) => {
    const { ca, cert, key, insecureSkipVerify } = config
    const socket = connect(
      { host: hostname, port: Number(port), ca, cert, key, rejectUnauthorized: !insecureSkipVerify },
      () => {
        socket.off('error', reject)
        socket.setNoDelay(true)
        resolve(socket)
      },
    )
    socket.once('error', reject)
  })
}
