import type { OutgoingHttpHeaders } from 'node:http'
import type { ApiContext } from '../pipeline/state.ts'

/** Headers of one connection only (RFC 9110, section 7.6.1). */
const HOP_BY_HOP = new Set([
  'connection',
  'keep-alive',
  'proxy-authenticate',
  'proxy-authorization',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
])

/** What a caller tells the API server and nobody else. */
const isForUs = (name: string): boolean =>
  name === 'host' ||
  name === 'authorization' ||
  name.startsWith('impersonate-') ||
  name.startsWith('x-remote-') ||
  name.startsWith(':')

/** The headers of a request that the server behind it may see; for an upgrade with those that ask for it. */
export function passedOnHeaders(ctx: ApiContext, kind: 'request' | 'upgrade'): OutgoingHttpHeaders {
  const isOfUpgrade = (name: string): boolean => HOP_BY_HOP.has(name) || name.startsWith('sec-websocket-')
  const keeps = (name: string): boolean => !isForUs(name) && (kind === 'upgrade' || !isOfUpgrade(name))
  const headers = Object.fromEntries(Object.entries(ctx.req.headers).filter(([name]) => keeps(name)))
  const { remoteAddress } = ctx.req.socket
  const before = headers['x-forwarded-for']
  return {
    ...headers,
    ...(remoteAddress && { 'x-forwarded-for': before ? `${before}, ${remoteAddress}` : remoteAddress }),
  }
}

/** The headers of an answer that go back to the caller. */
export function answerHeaders(headers: NodeJS.Dict<string | string[]>): OutgoingHttpHeaders {
  return Object.fromEntries(Object.entries(headers).filter(([name]) => !HOP_BY_HOP.has(name)))
}
