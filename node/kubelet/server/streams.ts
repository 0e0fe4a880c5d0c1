import { request as httpRequest, type IncomingMessage } from 'node:http'
import type { Duplex } from 'node:stream'
import type { StreamOptions } from '../../../plugins/runtime.ts'
import { observe, readySandbox } from '../pods/observe.ts'
import { findPod, findRunning, RequestError } from './find-container.ts'
import type { KubeletServerOptions } from './server.ts'

/** Time the runtime's streaming server has to take the connection, in milliseconds. */
const CONNECT = 30_000

/**
 * `/exec`, `/attach` and `/portForward`: asks the runtime for a streaming URL and joins the caller's connection to it,
 * byte for byte, once it has agreed to the caller's protocol.
 */
export async function proxyStream(
  options: KubeletServerOptions,
  request: IncomingMessage,
  socket: Duplex,
  head: Buffer,
): Promise<void> {
  const url = new URL(request.url ?? '/', 'https://kubelet')
  const [, verb = '', namespace = '', name = '', container = ''] = url.pathname
    .split('/')
    .map(decodeURIComponent)
  const target = await streamUrl(options, { verb, namespace, name, container, query: url.searchParams })
  await join(new URL(target), request, socket, head)
}

interface StreamRequest {
  verb: string
  namespace: string
  name: string
  container: string
  query: URLSearchParams
}

async function streamUrl(
  { context: { runtime }, pods }: KubeletServerOptions,
  { verb, namespace, name, container, query }: StreamRequest,
): Promise<string> {
  const pod = findPod(pods, namespace, name)
  const unsupported = (): RequestError =>
    new RequestError(501, `the container runtime does not offer ${verb}`)
  if (verb === 'portForward') {
    if (!runtime.portForward) throw unsupported()
    const sandbox = readySandbox(await observe(runtime, pod))
    if (!sandbox) throw new RequestError(500, `pod "${name}" has no sandbox`)
    return runtime.portForward(sandbox.id, query.getAll('port').map(Number))
  }
  const { id } = await findRunning(runtime, pod, container)
  if (verb === 'exec') {
    if (!runtime.exec) throw unsupported()
    return runtime.exec(id, query.getAll('command'), streamOptions(query))
  }
  if (verb === 'attach') {
    if (!runtime.attach) throw unsupported()
    return runtime.attach(id, streamOptions(query))
  }
  throw new RequestError(404, '404 page not found')
}

/** Kubelets are asked with `input`, `output`, `error`; API servers with `stdin`, `stdout`, `stderr`. */
function streamOptions(query: URLSearchParams): StreamOptions {
  const is = (...names: string[]): boolean =>
    names.some(name => ['1', 'true'].includes(query.get(name) ?? ''))
  const tty = is('tty')
  return {
    stdin: is('stdin', 'input'),
    stdout: is('stdout', 'output'),
    stderr: !tty && is('stderr', 'error'),
    tty,
  }
}

/** Sends the caller's upgrade request on to the runtime and, when it is taken, joins the two connections. */
function join(target: URL, request: IncomingMessage, socket: Duplex, head: Buffer): Promise<void> {
  const { host: _, ...headers } = request.headers
  return new Promise((resolve, reject) => {
    const upstream = httpRequest({
      hostname: target.hostname,
      port: target.port,
      path: target.pathname + target.search,
      method: request.method ?? 'POST',
      headers,
      timeout: CONNECT,
    })
    upstream.on('error', cause =>
      reject(new RequestError(502, `container runtime's streaming server: ${cause.message}`)),
    )
    upstream.on('timeout', () => upstream.destroy(new Error('took too long')))
    upstream.on('response', response => {
      socket.write(responseHead(response))
      response.pipe(socket)
      response.on('end', resolve)
    })
    upstream.on('upgrade', (response, other, otherHead) => {
      other.setTimeout(0)
      socket.write(responseHead(response))
      if (otherHead.length > 0) socket.write(otherHead)
      if (head.length > 0) other.write(head)
      pipeBoth(socket, other)
      resolve()
    })
    upstream.end()
  })
}

function responseHead({ statusCode, statusMessage, rawHeaders }: IncomingMessage): string {
  const lines = [`HTTP/1.1 ${statusCode} ${statusMessage}`]
  for (let i = 0; i < rawHeaders.length; i += 2) lines.push(`${rawHeaders[i]}: ${rawHeaders[i + 1]}`)
  return `${lines.join('\r\n')}\r\n\r\n`
}

/** Either end closing closes both. */
function pipeBoth(a: Duplex, b: Duplex): void {
  a.pipe(b)
  b.pipe(a)
  for (const [one, other] of [
    [a, b],
    [b, a],
  ] as const) {
    one.on('error', () => other.destroy())
    one.on('close', () => other.destroy())
  }
}
