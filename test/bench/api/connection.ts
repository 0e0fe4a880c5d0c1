import type { OnReadOpts } from 'node:net'
import { type ConnectionOptions, connect, type TLSSocket } from 'node:tls'
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
  #chunks: Buffer[] = []
  #keepsBody = false
  #size = 0

  private constructor(config: ClientConfig, socket: TLSSocket, parser: ReplyParser) {
    this.#config = config
    this.#socket = socket
    parser.listener = { data: (...part) => this.#data(...part), end: status => this.#end(status) }
    socket.on('error', error => this.#waiting?.reject(error))
    socket.on('close', () => this.#waiting?.reject(new Error('the server closed the connection')))
    socket.setTimeout(LONGEST_WAIT, () => socket.destroy(new Error('no answer for two minutes')))
  }

  static async open(config: ClientConfig): Promise<Connection> {
    const parser = new ReplyParser()
    return new Connection(config, await openSocket(config, chunk => parser.push(chunk)), parser)
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

  #data(buffer: Buffer, start: number, end: number): void {
    this.#size += end - start
    if (this.#keepsBody) this.#chunks.push(Buffer.from(buffer.subarray(start, end)))
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

/** All connections of a thread read into this, so that reading leaves nothing to be collected. A TLS record fits. */
const readBuffer = Buffer.allocUnsafeSlow(64 << 10)

/** A TLS connection to the server of a kubeconfig. What `onData` is given is overwritten by what is read next. */
export function openSocket(config: ClientConfig, onData: (chunk: Buffer) => void): Promise<TLSSocket> {
  const { hostname, port } = new URL(config.server)
  const { ca, cert, key, insecureSkipVerify } = config
  const onread: OnReadOpts = {
    buffer: readBuffer,
    callback(size) {
      onData(readBuffer.subarray(0, size))
      return true
    },
  }
  const options: ConnectionOptions & { onread: OnReadOpts } = {
    host: hostname,
    port: Number(port),
    ca,
    cert,
    key,
    rejectUnauthorized: !insecureSkipVerify,
    onread,
  }
  return new Promise((resolve, reject) => {
    const socket = connect(options, () => {
      socket.off('error', reject)
      socket.setNoDelay(true)
      resolve(socket)
    })
    socket.once('error', reject)
  })
}
