import type { Transform } from 'node:stream'
import { constants, createDeflate, createInflate } from 'node:zlib'
import { HEADER_DICTIONARY } from './dictionary.ts'

export type Headers = Record<string, string>

/** Blocks of a connection are one zlib stream each way: they must be read and written in their order. */
export interface HeaderCodec {
  encode(headers: Headers): Promise<Buffer>
  decode(block: Buffer): Promise<Headers>
  close(): void
}

/** Room for what a block unpacks to (bytes); a larger one fails. */
const MOST_BYTES = 256 * 1024

/** Name/value blocks of SPDY/3 (protocol draft 3, section 2.6.10), compressed with its dictionary. */
export function createHeaderCodec(): HeaderCodec {
  const options = {
    dictionary: HEADER_DICTIONARY,
    flush: constants.Z_SYNC_FLUSH,
    readableHighWaterMark: MOST_BYTES,
  }
  const deflate = createDeflate(options)
  const inflate = createInflate(options)
  return {
    encode: headers => pass(deflate, writeBlock(headers)),
    decode: async block => readBlock(await pass(inflate, block)),
    close() {
      deflate.destroy()
      inflate.destroy()
    },
  }
}

function pass(stream: Transform, bytes: Buffer): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    stream.once('error', reject)
    stream.write(bytes, () => {
      stream.off('error', reject)
      resolve(stream.read() ?? Buffer.alloc(0))
    })
  })
}

function writeBlock(headers: Headers): Buffer {
  const entries = Object.entries(headers)
  const parts = [number(entries.length)]
  for (const text of entries.flatMap(([name, value]) => [name.toLowerCase(), value])) {
    const bytes = Buffer.from(text)
    parts.push(number(bytes.length), bytes)
  }
  return Buffer.concat(parts)
}

function readBlock(bytes: Buffer): Headers {
  const headers: Headers = {}
  let at = 4
  const text = (): string => {
    const length = bytes.readUInt32BE(at)
    at += 4 + length
    return bytes.toString('utf8', at - length, at)
  }
  for (let left = bytes.readUInt32BE(0); left > 0; left--) {
    const name = text()
    headers[name.toLowerCase()] = text()
  }
  return headers
}

function number(value: number): Buffer {
  const bytes = Buffer.alloc(4)
  bytes.writeUInt32BE(value)
  return bytes
}
