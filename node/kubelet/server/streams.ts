import type { IncomingMessage } from 'node:http'
import type { Duplex } from 'node:stream'
import { joinUpgrade, requestUpgrade } from '../../../api/streaming/upgrade.ts'
import type { StreamOptions } from '../../../plugins/runtime.ts'
import { observe, readySandbox } from '../pods/observe.ts'
import { findPod, findRunning, RequestError } from './find-container.ts'
import type { KubeletServerOptions } from './options.ts'

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
  const { hostname, port, pathname, search } = new URL(target)
  const { host: _, ...headers } = request.headers
  const answer = await requestUpgrade({
    host: hostname,
    port: Number(port),
    path: pathname + search,
    method: request.method ?? 'POST',
    headers,
  }).catch(({ message }) => {
    throw new RequestError(502, `container runtime's streaming server: ${message}`)
  })
  await joinUpgrade(answer, socket, head)
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
