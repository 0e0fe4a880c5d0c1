import type { IncomingMessage } from 'node:http'
import { type Agent, request as httpsRequest } from 'node:https'
import type { Duplex } from 'node:stream'
import type { Upgrade } from '../http-server.ts'

interface JoinTarget {
  host: string
  port: number
  path: string
  agent: Agent
}

const CONNECT_DEADLINE = 30_000
/** Headers that are between the caller and us. */
const OWN_HEADERS = new Set(['host', 'authorization', 'impersonate-user', 'impersonate-group'])

/** Sends an upgrade request on and, once it is taken, joins the two connections byte for byte. */
export function joinUpgrade(
  { host, port, path, agent }: JoinTarget,
  request: IncomingMessage,
  upgrade: Upgrade,
): Promise<void> {
  const { socket, head } = upgrade
  const headers = Object.fromEntries(
    Object.entries(request.headers).filter(([name]) => !OWN_HEADERS.has(name)),
  )
  return new Promise(resolve => {
    const { ca, cert, key } = agent.options
    const upstream = httpsRequest({
      host,
      port,
      path,
      method: request.method ?? 'POST',
      headers,
      agent: false,
      ca,
      cert,
      key,
    } as object)
    const timer = setTimeout(() => upstream.destroy(new Error('i/o timeout')), CONNECT_DEADLINE)
    upstream.on('error', ({ message }) => {
      clearTimeout(timer)
      socket.end(plainAnswer(502, `error dialing backend: ${message}`))
      resolve()
    })
    upstream.on('response', answer => {
      clearTimeout(timer)
      socket.write(headOf(answer))
      answer.pipe(socket)
      answer.on('end', resolve)
    })
    upstream.on('upgrade', (answer, other, otherHead) => {
      clearTimeout(timer)
      socket.setTimeout(0)
      socket.write(headOf(answer))
      if (otherHead.length > 0) socket.write(otherHead)
      if (head.length > 0) other.write(head)
      pipeBoth(socket, other, resolve)
    })
    upstream.end()
  })
}

function headOf({ statusCode, statusMessage, rawHeaders }: IncomingMessage): string {
  const lines = [`HTTP/1.1 ${statusCode} ${statusMessage}`]
  for (let i = 0; i < rawHeaders.length; i += 2) lines.push(`${rawHeaders[i]}: ${rawHeaders[i + 1]}`)
  return `${lines.join('\r\n')}\r\n\r\n`
}

function plainAnswer(code: number, message: string): string {
  return `HTTP/1.1 ${code} Error\r\ncontent-type: text/plain\r\ncontent-length: ${Buffer.byteLength(message)}\r\nconnection: close\r\n\r\n${message}`
}

/** Either end closing closes both. */
function pipeBoth(a: Duplex, b: Duplex, done: () => void): void {
  a.pipe(b)
  b.pipe(a)
  for (const [one, other] of [
    [a, b],
    [b, a],
  ] as const) {
    one.on('error', () => other.destroy())
    one.on('close', () => {
      other.destroy()
      done()
    })
  }
}
