import type { OutgoingHttpHeaders } from 'node:http'
import { internalError, isStatusError, type Status, type StatusError } from '../../../api/meta/status.ts'
import { encoderOf } from '../protobuf/encoders.ts'
import { errorType, PROTOBUF, YAML } from '../representation/negotiate.ts'
import type { ApiContext } from './state.ts'

export const JSON_TYPE = 'application/json'
/** Answers from this size on are compressed for clients that take it. Bytes. */
const GZIP_FROM = 128 << 10
const GZIP_LEVEL = 1
/** Bodies of parts up to this size are sent in one piece. Bytes. */
const WHOLE = 64 << 10

/** Headers that every answer carries. */
export function commonHeaders({ state }: ApiContext, type: string): OutgoingHttpHeaders {
  const headers: OutgoingHttpHeaders = { 'content-type': type, 'cache-control': 'no-cache, private' }
  if (state.auditId) headers['audit-id'] = state.auditId
  if (state.flow) addFlowHeaders(headers, state.flow)
  if (state.warnings?.size) headers.warning = [...state.warnings].map(warningHeader) as never
  return headers
}

/** Which FlowSchema and priority level a request was put to. */
export function addFlowHeaders(
  headers: OutgoingHttpHeaders,
  flow: NonNullable<ApiContext['state']['flow']>,
): void {
  headers['x-kubernetes-pf-flowschema-uid'] = flow.uid
  headers['x-kubernetes-pf-prioritylevel-uid'] = flow.levelUid
}

/** RFC 7234: `299 - "text"`. */
function warningHeader(text: string): string {
  const printable = text.replace(/[^\x20-\x7e]/g, ' ')
  return `299 - "${printable.replaceAll('\\', '\\\\').replaceAll('"', '\\"')}"`
}

/** Sends a whole body past Koa, which would copy and inspect it. */
export async function sendBody(
  ctx: ApiContext,
  code: number,
  type: string,
  body: Buffer,
  more?: OutgoingHttpHeaders,
): Promise<void> {
  const { res } = ctx
  if (res.headersSent || res.writableEnded) return
  ctx.state.capture?.answered(type, body)
  const headers = commonHeaders(ctx, type)
  if (more) Object.assign(headers, more)
  if (body.length >= GZIP_FROM && !headers['content-encoding'] && acceptsGzip(ctx)) {
    return await sendCompressed(ctx, code, headers, [body])
  }
  headers['content-length'] = body.length
  ctx.state.responseSize = body.length
  res.writeHead(code, headers)
  if (ctx.method === 'HEAD') res.end()
  else res.end(body)
}

/** A body that is made while it is sent. */
export interface BodyParts {
  /** Of the whole. */
  size: number
  /** The parts; each may be written over when the next but one is asked for. */
  parts(): Iterable<Buffer>
  /** Gives back what the parts were made in, once all are on their way. */
  release(): void
}

/** Sends a body part by part, as the client takes it, so that a slow one does not pile up the whole answer. */
export async function sendParts(ctx: ApiContext, code: number, type: string, body: BodyParts): Promise<void> {
  try {
    if (body.size < WHOLE || ctx.state.capture?.wantsResponse)
      return await sendBody(ctx, code, type, Buffer.concat([...copies(body)]))
    const headers = commonHeaders(ctx, type)
    if (body.size >= GZIP_FROM && acceptsGzip(ctx)) {
      return await sendCompressed(ctx, code, headers, copies(body))
    }
    ctx.state.responseSize = body.size
    ctx.res.writeHead(code, { ...headers, 'content-length': body.size })
    if (ctx.method !== 'HEAD') await writeParts(ctx.res, body)
    ctx.res.end()
  } finally {
    body.release()
  }
}

/** Makes a part while the one before it is on its way. Two that wait would be copied into one before they are encrypted. */
async function writeParts(res: ApiContext['res'], body: BodyParts): Promise<void> {
  let before: Promise<void> | undefined
  for (const part of body.parts()) {
    await before
    if (res.destroyed) return
    before = written(res, part)
  }
  await before
}

function* copies(body: BodyParts): Generator<Buffer> {
  for (const part of body.parts()) yield Buffer.from(part)
}

/** Resolves when a part is on its way, or the reader has gone. */
function written(res: ApiContext['res'], part: Buffer): Promise<void> {
  return new Promise(resolve => {
    res.write(part, () => resolve())
  })
}

/** Resolves when there is room to write again or the reader has gone. */
export function drained(stream: NodeJS.WritableStream & { destroyed?: boolean }): Promise<void> {
  if (stream.destroyed) return Promise.resolve()
  return new Promise(resolve => {
    const done = () => {
      stream.off('drain', done)
      stream.off('close', done)
      resolve()
    }
    stream.on('drain', done)
    stream.on('close', done)
  })
}

function acceptsGzip(ctx: ApiContext): boolean {
  const accepted = ctx.req.headers['accept-encoding']
  return typeof accepted === 'string' && /\bgzip\b/.test(accepted)
}

async function sendCompressed(
  ctx: ApiContext,
  code: number,
  headers: OutgoingHttpHeaders,
  parts: Iterable<Buffer>,
): Promise<void> {
  const { createGzip } = await import('node:zlib')
  const { pipeline } = await import('node:stream/promises')
  ctx.res.writeHead(code, { ...headers, 'content-encoding': 'gzip', vary: 'Accept-Encoding' })
  let sent = 0
  const gzip = createGzip({ level: GZIP_LEVEL }).on('data', (chunk: Buffer) => {
    sent += chunk.length
  })
  await pipeline(parts, gzip, ctx.res).catch(() => {})
  ctx.state.responseSize = sent
}

export function sendJson(ctx: ApiContext, code: number, value: unknown): Promise<void> {
  const indent = wantsPretty(ctx) ? 2 : undefined
  const text = JSON.stringify(value, null, indent)
  return sendBody(ctx, code, JSON_TYPE, Buffer.from(indent ? `${text}\n` : text))
}

export function sendText(ctx: ApiContext, code: number, text: string): Promise<void> {
  const more = code < 400 ? {} : { 'x-content-type-options': 'nosniff' }
  return sendBody(ctx, code, 'text/plain; charset=utf-8', Buffer.from(text), more)
}

/** Answers are indented for people: `?pretty=true`, and curl, wget and browsers unless they say otherwise. */
export function wantsPretty(ctx: ApiContext): boolean {
  const asked = ctx.state.info?.query.get('pretty')
  if (asked !== null && asked !== undefined) return asked !== 'false' && asked !== '0'
  const agent = ctx.req.headers['user-agent'] ?? ''
  return agent.startsWith('curl') || agent.startsWith('Wget') || agent.startsWith('Mozilla/5.0')
}

/** Sends an error as the Status it stands for; what is none becomes a 500. */
export async function sendError(ctx: ApiContext, error: unknown): Promise<void> {
  const failure: StatusError = isStatusError(error) ? error : internalError((error as Error).message)
  const seconds = failure.status.details?.retryAfterSeconds
  const more: OutgoingHttpHeaders = seconds ? { 'retry-after': String(seconds) } : {}
  const status: Status = failure.status
  ctx.state.failure = status
  const type = errorType(ctx.req.headers.accept)
  if (type === PROTOBUF) {
    const encoded = (await encoderOf(ctx.state.schemas)).object(status)
    if (encoded) return await sendBody(ctx, failure.code, PROTOBUF, encoded, more)
  }
  if (type === YAML) {
    const { writeYaml } = await import('./yaml.ts')
    return await sendBody(ctx, failure.code, YAML, writeYaml(status), more)
  }
  const indent = !type || wantsPretty(ctx) ? 2 : undefined
  const end = type ? '\n' : ''
  const text = `${JSON.stringify(status, null, indent)}${end}`
  await sendBody(ctx, failure.code, JSON_TYPE, Buffer.from(text), more)
}
