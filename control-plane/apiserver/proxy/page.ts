import type { IncomingMessage } from 'node:http'
import { buffer } from 'node:stream/consumers'
import { promisify } from 'node:util'
import { deflateRaw, gunzip, gzip, inflateRaw } from 'node:zlib'
import { rewriteLinks } from './html.ts'

interface Coding {
  decode(body: Buffer): Promise<Buffer>
  encode(body: Buffer): Promise<Buffer>
}

const CODINGS: Record<string, Coding> = {
  '': { decode: async body => body, encode: async body => body },
  gzip: { decode: promisify(gunzip), encode: promisify(gzip) },
  deflate: { decode: promisify(inflateRaw), encode: promisify(deflateRaw) },
}

/** Whether an answer is a page whose links can be rewritten. */
export function isPage({ headers }: IncomingMessage): boolean {
  const type = (headers['content-type'] ?? '').split(';')[0]!.trim()
  return type === 'text/html' && Object.hasOwn(CODINGS, headers['content-encoding'] ?? '')
}

/**
 * Reads a page and rewrites its links. Whatever its charset, bytes that are no links stay as they are.
 * @throws where it cannot be read or is not encoded as it says
 */
export async function readPage(answer: IncomingMessage, rewrite: (link: string) => string): Promise<Buffer> {
  const { decode, encode } = CODINGS[answer.headers['content-encoding'] ?? '']!
  const body = await buffer(answer)
  if (body.length === 0) return body
  const html = (await decode(body)).toString('latin1')
  return await encode(Buffer.from(rewriteLinks(html, rewrite), 'latin1'))
}
