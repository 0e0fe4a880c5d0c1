/** A SPDY/3 frame (protocol draft 3, section 2.2) whose header block, if it has one, is still compressed. */
export type Frame =
  | { type: 'data'; stream: number; isLast: boolean; data: Buffer }
  | { type: 'synStream' | 'synReply' | 'headers'; stream: number; isLast: boolean; block: Buffer }
  | { type: 'rstStream'; stream: number; status: number }
  | { type: 'ping'; id: number }
  | { type: 'goAway' }
  /** Settings and windows: Kubernetes' peers send none, or do not hold to them. */
  | { type: 'ignored' }

const CONTROL = 0x8000
const VERSION = 3
const FIN = 1
const TYPES = { synStream: 1, synReply: 2, rstStream: 3, ping: 6, goAway: 7, headers: 8 } as const
const HEAD = 8
/** Longer ones are refused: no peer of ours sends data in larger pieces (bytes). */
const MOST_DATA = 4 * 1024 * 1024
const MOST_CONTROL = 64 * 1024

/** Takes whole frames off the front of a buffer. `rest` is what is left of the last, unfinished one. */
export function readFrames(bytes: Buffer): { frames: Frame[]; rest: Buffer } {
  const frames: Frame[] = []
  let at = 0
  while (bytes.length - at >= HEAD) {
    const length = bytes.readUIntBE(at + 5, 3)
    const isControl = (bytes.readUInt16BE(at) & CONTROL) !== 0
    if (length > (isControl ? MOST_CONTROL : MOST_DATA))
      throw new Error(`SPDY frame of ${length} bytes is too long`)
    if (bytes.length - at < HEAD + length) break
    const body = bytes.subarray(at + HEAD, at + HEAD + length)
    const isLast = (bytes[at + 4]! & FIN) !== 0
    frames.push(
      isControl
        ? controlFrame(bytes.readUInt16BE(at + 2), isLast, body)
        : { type: 'data', stream: bytes.readUInt32BE(at), isLast, data: body },
    )
    at += HEAD + length
  }
  return { frames, rest: bytes.subarray(at) }
}

function controlFrame(type: number, isLast: boolean, body: Buffer): Frame {
  const stream = (): number => body.readUInt32BE(0) & 0x7fffffff
  switch (type) {
    case TYPES.synStream:
      return { type: 'synStream', stream: stream(), isLast, block: body.subarray(10) }
    case TYPES.synReply:
      return { type: 'synReply', stream: stream(), isLast, block: body.subarray(4) }
    case TYPES.headers:
      return { type: 'headers', stream: stream(), isLast, block: body.subarray(4) }
    case TYPES.rstStream:
      return { type: 'rstStream', stream: stream(), status: body.readUInt32BE(4) }
    case TYPES.ping:
      return { type: 'ping', id: body.readUInt32BE(0) }
    case TYPES.goAway:
      return { type: 'goAway' }
    default:
      return { type: 'ignored' }
  }
}

export function dataFrame(stream: number, data: Buffer, isLast = false): Buffer {
  const head = Buffer.alloc(HEAD)
  head.writeUInt32BE(stream)
  head[4] = isLast ? FIN : 0
  head.writeUIntBE(data.length, 5, 3)
  return Buffer.concat([head, data])
}

function control(type: number, isLast: boolean, body: Buffer): Buffer {
  const head = Buffer.alloc(HEAD)
  head.writeUInt16BE(CONTROL | VERSION)
  head.writeUInt16BE(type, 2)
  head[4] = isLast ? FIN : 0
  head.writeUIntBE(body.length, 5, 3)
  return Buffer.concat([head, body])
}

/** Opens a stream. No associated stream, highest priority, no slot. */
export function synStreamFrame(stream: number, block: Buffer): Buffer {
  const start = Buffer.alloc(10)
  start.writeUInt32BE(stream)
  return control(TYPES.synStream, false, Buffer.concat([start, block]))
}

export const synReplyFrame = (stream: number, block: Buffer): Buffer =>
  control(TYPES.synReply, false, Buffer.concat([word(stream), block]))

/** Status 5 is CANCEL. */
export const rstStreamFrame = (stream: number, status = 5): Buffer =>
  control(TYPES.rstStream, false, Buffer.concat([word(stream), word(status)]))

export const pingFrame = (id: number): Buffer => control(TYPES.ping, false, word(id))

export const goAwayFrame = (lastStream: number): Buffer =>
  control(TYPES.goAway, false, Buffer.concat([word(lastStream), word(0)]))

function word(value: number): Buffer {
  const bytes = Buffer.alloc(4)
  bytes.writeUInt32BE(value)
  return bytes
}
