import { request as httpRequest, type IncomingMessage, type OutgoingHttpHeaders } from 'node:http'
import { request as httpsRequest } from 'node:https'
import type { Duplex } from 'node:stream'

/** Where a connection is asked for. With `tls`, over TLS. */
export interface UpgradeTarget {
  host: string
  port: number
  path: string
  method: string
  headers: OutgoingHttpHeaders
  tls?: { ca?: string; cert?: string; key?: string; rejectUnauthorized?: boolean; servername?: string }
}

/** The answer to a request for an upgrade: `socket` and `head` when it was taken, else an answer with a body. */
export interface UpgradeAnswer {
  answer: IncomingMessage
  taken?: { socket: Duplex; head: Buffer }
}

/** Time a server has to take a connection, in milliseconds. */
const DEADLINE = 30_000

/** Asks for an upgraded connection. Fails where none answers within half a minute. */
export function requestUpgrade({ host, tls, ...target }: UpgradeTarget): Promise<UpgradeAnswer> {
  return new Promise((resolve, reject) => {
    const options = { ...target, host, agent: false as const }
    const request = tls ? httpsRequest({ ...options, ...tls }) : httpRequest(options)
    const timer = setTimeout(() => request.destroy(new Error('i/o timeout')), DEADLINE)
    request.on('close', () => clearTimeout(timer))
    request.on('error', reject)
    request.on('response', answer => {
      clearTimeout(timer)
      resolve({ answer })
    })
    request.on('upgrade', (answer, socket, head) => {
      clearTimeout(timer)
      socket.setTimeout(0)
      resolve({ answer, taken: { socket, head } })
    })
    request.end()
  })
}

/** Passes an upgrade request's answer on to who asked and, when it was taken, joins the two connections byte for byte. */
export function joinUpgrade(
  { answer, taken }: UpgradeAnswer,
  caller: Duplex,
  callerHead: Buffer,
): Promise<void> {
  caller.write(headOf(answer))
  if (!taken) {
    answer.pipe(caller)
    return new Promise(resolve => caller.once('close', resolve))
  }
  if (taken.head.length > 0) caller.write(taken.head)
  if (callerHead.length > 0) taken.socket.write(callerHead)
  return joinStreams(caller, taken.socket)
}

function headOf({ statusCode, statusMessage, rawHeaders }: IncomingMessage): string {
  const lines = [`HTTP/1.1 ${statusCode} ${statusMessage}`]
  for (let i = 0; i < rawHeaders.length; i += 2) lines.push(`${rawHeaders[i]}: ${rawHeaders[i + 1]}`)
  return `${lines.join('\r\n')}\r\n\r\n`
}

/** Time a connection has to take what its other end said last, in milliseconds. */
const FLUSH_DEADLINE = 30_000

/** Pipes both ways until either end closes, which closes the other once it has taken all that was said. */
export function joinStreams(a: Duplex, b: Duplex): Promise<void> {
  a.pipe(b)
  b.pipe(a)
  closeWith(a, b)
  closeWith(b, a)
  return new Promise(resolve => {
    a.once('close', resolve)
    b.once('close', resolve)
  })
}

/** An end without fault is passed on behind the last bytes; destroying at once would lose those still in a buffer. */
function closeWith(one: Duplex, other: Duplex): void {
  one.on('error', () => other.destroy())
  one.once('close', () => {
    if (!one.readableEnded || other.writableFinished) return void other.destroy()
    const timer = setTimeout(() => other.destroy(), FLUSH_DEADLINE)
    other.once('finish', () => other.destroy()).once('close', () => clearTimeout(timer))
    other.end()
  })
}
