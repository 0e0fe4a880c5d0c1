import { Agent, request as httpRequest, type IncomingMessage, type OutgoingHttpHeaders } from 'node:http'
import { request as httpsRequest, Agent as TlsAgent } from 'node:https'
import { pipeline } from 'node:stream/promises'
import { badRequest, StatusError } from '../../../api/meta/status.ts'
import { upgradeOf } from '../http-server.ts'
import { addFlowHeaders, commonHeaders } from '../pipeline/respond.ts'
import type { ApiContext } from '../pipeline/state.ts'
import { answerHeaders, passedOnHeaders } from './headers.ts'
import { linkRewriter } from './links.ts'
import type { ConnectTarget } from './target.ts'

/** Time a server has to take a connection, and idle ones are kept, in milliseconds. */
const CONNECT_DEADLINE = 10_000
const KEPT = 30_000
const MOST_ERROR_TEXT = 64 * 1024

const plain = new Agent({ keepAlive: true, timeout: KEPT })
const secure = new TlsAgent({ keepAlive: true, timeout: KEPT })

/** Sends a request without upgrade on, body and all, and passes the answer back as it comes, until either end is gone. */
export async function relay(ctx: ApiContext, target: ConnectTarget): Promise<void> {
  const gone = new AbortController()
  ctx.res.once('close', () => gone.abort())
  const answer = await answerOf(ctx, target, gone.signal)
  const headers = answerHeaders(answer.headers)
  if (ctx.state.flow) addFlowHeaders(headers, ctx.state.flow)
  if (ctx.state.info.subresource === 'proxy' && (await passPage(ctx, target, answer, headers))) return
  ctx.res.writeHead(answer.statusCode ?? 502, headers)
  ctx.res.flushHeaders()
  await pipeline(answer, ctx.res).catch(() => ctx.res.destroy())
}

/** What a server answers to a request that is sent on to it. @throws StatusError what a kubelet refuses */
export async function answerOf(
  ctx: ApiContext,
  target: ConnectTarget,
  signal: AbortSignal,
): Promise<IncomingMessage> {
  const answer = await send(ctx, target, signal)
  if (target.refusesInText && (answer.statusCode ?? 500) >= 400) throw await readRefusal(answer)
  return answer
}

/** Headers by which a page tells others what they may do with it: it is told by this server, which says nothing. */
const CROSS_ORIGIN = [
  'access-control-allow-credentials',
  'access-control-allow-headers',
  'access-control-allow-methods',
  'access-control-allow-origin',
  'access-control-expose-headers',
  'access-control-max-age',
]

/**
 * Makes what a server behind `proxy` answers lead back through the proxy: where it sends the caller, and the links of its
 * pages. True where the answer has been sent.
 */
async function passPage(
  ctx: ApiContext,
  target: ConnectTarget,
  answer: IncomingMessage,
  headers: OutgoingHttpHeaders,
): Promise<boolean> {
  for (const name of CROSS_ORIGIN) delete headers[name]
  const rewrite = linkRewriter(ctx, target)
  const { location } = answer.headers
  if (location) {
    headers.location = rewrite(location)
    return false
  }
  if (!(answer.headers['content-type'] ?? '').startsWith('text/html')) return false
  const { isPage, readPage } = await import('./page.ts')
  if (ctx.method === 'HEAD' || !isPage(answer)) return false
  const page = await readPage(answer, rewrite).catch(target.unreachable)
  ctx.res.writeHead(answer.statusCode ?? 502, { ...headers, 'content-length': page.length })
  ctx.res.end(page)
  return true
}

function send(ctx: ApiContext, target: ConnectTarget, signal: AbortSignal): Promise<IncomingMessage> {
  const { host, port, path, tls } = target
  const headers = { ...passedOnHeaders(ctx, 'request'), ...forwarded(ctx), ...target.headers }
  const options = { host, port, path, method: ctx.method, headers, signal }
  return new Promise<IncomingMessage>((resolve, reject) => {
    const request = tls
      ? httpsRequest({ ...options, ...tls, agent: secure })
      : httpRequest({ ...options, agent: plain })
    const timer = setTimeout(() => request.destroy(new Error('i/o timeout')), CONNECT_DEADLINE)
    request.on('socket', socket => {
      if (!socket.connecting) clearTimeout(timer)
      else socket.once(tls ? 'secureConnect' : 'connect', () => clearTimeout(timer))
    })
    request.on('response', resolve)
    request.on('error', error => {
      clearTimeout(timer)
      reject(error)
    })
    // A request for an upgrade has no body, nor an end of one.
    if (upgradeOf(ctx.req)) request.end()
    else ctx.req.pipe(request)
  }).catch(target.unreachable)
}

/** Tells a server behind `proxy` under which path its callers see it. */
function forwarded(ctx: ApiContext): Record<string, string> {
  if (ctx.state.info.subresource !== 'proxy') return {}
  return {
    'x-forwarded-uri': ctx.state.info.path,
    'x-forwarded-host': ctx.host,
    'x-forwarded-proto': 'https',
  }
}

/** Relative links of a page only work below a slash: a GET of `…/proxy` is sent to `…/proxy/`. */
export function toSlash(ctx: ApiContext): boolean {
  const { path, rest } = ctx.state.info
  if (rest !== '' || path.endsWith('/') || !['GET', 'HEAD'].includes(ctx.method)) return false
  const { 'content-type': _, ...headers } = commonHeaders(ctx, '')
  ctx.res.writeHead(301, { ...headers, location: `${path}/${ctx.search}`, 'content-length': 0 })
  ctx.res.end()
  return true
}

/** What a kubelet refuses in plain text, as a Status. */
export async function readRefusal(answer: IncomingMessage): Promise<StatusError> {
  let text = ''
  for await (const chunk of answer) if (text.length < MOST_ERROR_TEXT) text += chunk
  const message = text.trim()
  const code = answer.statusCode ?? 500
  if (code === 400) return badRequest(message)
  const reason = code === 404 ? 'NotFound' : 'InternalError'
  return new StatusError({
    kind: 'Status',
    apiVersion: 'v1',
    metadata: {},
    status: 'Failure',
    message,
    reason,
    code,
  })
}
