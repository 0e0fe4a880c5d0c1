import { type ClientHttp2Session, type ClientHttp2Stream, connect, constants } from 'node:http2'
import { connect as connectTls, type TLSSocket } from 'node:tls'
import {
  type Connection,
  NoHttp2Error,
  type TlsIdentity,
  type WireAnswer,
  type WireCall,
} from './connection.ts'

const CONNECT_DEADLINE = 10_000
/** A server that is silent for longer than these two together is given up. Milliseconds. */
const PING_EVERY = 10_000
const PING_DEADLINE = 10_000
/** What a stream may have under way unread: a list of many objects must not wait for its reader at every step. */
const WINDOW = 1 << 20

/**
 * HTTP/2: all requests and watches of a process share one connection, so that a watch costs next to nothing on both
 * sides. Rejects with {@link NoHttp2Error} where the server speaks HTTP/1.1 only.
 */
export function http2Connection(url: URL, identity: TlsIdentity): Connection {
  let current: Promise<ClientHttp2Session> | undefined
  const session = async (): Promise<ClientHttp2Session> => {
    current ??= openSession(url, identity)
    const opening = current
    const opened = await opening.catch(error => {
      if (current === opening) current = undefined
      throw error
    })
    if (!opened.closed && !opened.destroyed) return opened
    if (current === opening) current = undefined
    return session()
  }
  return {
    async call(call) {
      try {
        return await send(await session(), call)
      } catch (error) {
        if (!isUnsent(error)) throw error
        return send(await session(), call)
      }
    },
    close: () => void current?.then(open => open.destroy()).catch(() => {}),
  }
}

/** The server did not look at the request (it was going down): it may be sent again whatever it was. */
const isUnsent = (error: unknown): boolean =>
  ['ERR_HTTP2_GOAWAY_SESSION', 'ERR_HTTP2_INVALID_SESSION'].includes(
    (error as { code?: string }).code ?? '',
  ) || (error as { rstCode?: number }).rstCode === constants.NGHTTP2_REFUSED_STREAM

async function openSession(url: URL, identity: TlsIdentity): Promise<ClientHttp2Session> {
  const socket = await openSocket(url, identity)
  const session = connect(url, {
    createConnection: () => socket,
    settings: { enablePush: false, initialWindowSize: WINDOW },
  })
  session.on('error', () => {})
  watchOver(session)
  return session
}

function openSocket(url: URL, identity: TlsIdentity): Promise<TLSSocket> {
  const host = url.hostname.replace(/^\[|\]$/g, '')
  const port = Number(url.port || 443)
  return new Promise((resolve, reject) => {
    const socket = connectTls({ ...identity, host, port, ALPNProtocols: ['h2', 'http/1.1'] })
    const fail = (error: Error): void => {
      socket.destroy()
      reject(error)
    }
    socket.setTimeout(CONNECT_DEADLINE, () => fail(new Error('connecting took too long')))
    socket.once('error', fail)
    socket.once('secureConnect', () => {
      if (socket.alpnProtocol !== 'h2') return fail(new NoHttp2Error('the server does not speak HTTP/2'))
      socket.setTimeout(0)
      socket.setNoDelay(true)
      // The session listens while it lives; what the socket says after that must not end the process.
      socket.on('error', () => {})
      socket.off('error', fail)
      resolve(socket)
    })
  })
}

/** Pings the server while requests wait for it: one that was switched off or hangs says nothing otherwise. */
function watchOver(session: ClientHttp2Session): void {
  let deadline: NodeJS.Timeout | undefined
  const ping = (): void => {
    if (deadline || session.destroyed) return
    deadline = setTimeout(() => session.destroy(new Error('the server does not answer')), PING_DEADLINE)
    deadline.unref()
    session.ping(() => {
      clearTimeout(deadline)
      deadline = undefined
    })
  }
  const timer = setInterval(ping, PING_EVERY).unref()
  session.once('close', () => {
    clearInterval(timer)
    clearTimeout(deadline)
  })
}

function send(
  session: ClientHttp2Session,
  { method, path, headers, body, signal }: WireCall,
): Promise<WireAnswer> {
  const stream = session.request(
    { ':method': method, ':path': path, ...headers },
    { endStream: body === undefined, ...(signal && { signal }) },
  )
  keepAlive(session, stream)
  return new Promise((resolve, reject) => {
    const fail = (error?: Error): void =>
      reject(Object.assign(error ?? new Error('the connection was closed'), { rstCode: stream.rstCode }))
    stream.once('error', fail)
    stream.once('close', () => fail())
    stream.once('response', head => {
      stream.off('error', fail)
      breakWhenCut(stream)
      resolve({ status: Number(head[':status']), body: stream })
    })
    if (body !== undefined) stream.end(body)
  })
}

/** Node ends a stream without an error when its session goes: what was cut off must not be taken for whole. */
function breakWhenCut(stream: ClientHttp2Stream): void {
  stream.on('error', () => {})
  stream.once('aborted', () => stream.destroy(new Error('the connection was closed')))
}

const streams = new WeakMap<ClientHttp2Session, number>()

/** An idle connection does not keep the process from ending. */
function keepAlive(session: ClientHttp2Session, stream: ClientHttp2Stream): void {
  const change = (by: number): number => {
    const count = (streams.get(session) ?? 0) + by
    streams.set(session, count)
    return count
  }
  if (change(1) === 1) session.ref()
  stream.once('close', () => {
    if (change(-1) === 0 && !session.destroyed) session.unref()
  })
}
