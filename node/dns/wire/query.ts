import type { DnsClient, DnsQuery } from '../../../plugins/dns.ts'
import { className, typeName } from './types.ts'

/** A query as it came, with what the reply must repeat. */
export interface WireQuery extends DnsQuery {
  /** The question section, byte for byte: the reply keeps the client's spelling. */
  readonly question: Buffer
  readonly opcode: number
  /** The client speaks EDNS, and which version. */
  readonly edns?: { version: number }
  readonly checkingDisabled: boolean
}

/** A message that is no query we can read. `id` and `opcode` are there when the header is, so that FORMERR can be said. */
export class MalformedQueryError extends Error {
  readonly code = 'FORMERR'
}

const HEADER = 12
const OPT = 41
const LARGEST_NAME = 255
/** What a server may send over UDP without EDNS, and what we send at most with it: larger ones are lost to fragments. */
const SMALLEST_UDP = 512
const LARGEST_UDP = 1_232
const LARGEST_TCP = 65_535

/** True for replies and for what is too short to be answered: such messages are dropped, or loops would form. */
export function isUnanswerable(message: Buffer): boolean {
  return message.length < HEADER || (message[2]! & 0x80) !== 0
}

/** Reads a query: RFC 1035 section 4, EDNS as in RFC 6891. Throws {@link MalformedQueryError}. */
export function readQuery(message: Buffer, client: DnsClient): WireQuery {
  if (message.readUInt16BE(4) !== 1) throw new MalformedQueryError('a query has one question')
  const { name, end } = readQuestionName(message)
  if (end + 4 > message.length) throw new MalformedQueryError('the question is cut off')
  const opt = findOpt(message, end + 4)
  const flags = message.readUInt16BE(2)
  return {
    id: message.readUInt16BE(0),
    name,
    type: typeName(message.readUInt16BE(end)),
    class: className(message.readUInt16BE(end + 2)),
    client,
    recursionDesired: (flags & 0x0100) !== 0,
    checkingDisabled: (flags & 0x0010) !== 0,
    opcode: (flags >> 11) & 0xf,
    dnssecOk: opt !== undefined && (opt.flags & 0x8000) !== 0,
    maxSize: client.protocol === 'tcp' ? LARGEST_TCP : udpSize(opt?.udpSize),
    size: message.length,
    question: message.subarray(HEADER, end + 4),
    ...(opt && { edns: { version: opt.version } }),
  }
}

const udpSize = (wanted = SMALLEST_UDP): number => Math.min(Math.max(wanted, SMALLEST_UDP), LARGEST_UDP)

/** A question's name has nothing before it to point to, so it is never compressed. */
function readQuestionName(message: Buffer): { name: string; end: number } {
  let name = ''
  let at = HEADER
  while (true) {
    const length = message[at]
    if (length === undefined || length > 63) throw new MalformedQueryError('bad label in the question')
    at += 1
    if (length === 0) return { name: name.toLowerCase(), end: at }
    if (at + length > message.length) throw new MalformedQueryError('the question is cut off')
    if (at + length - HEADER > LARGEST_NAME) throw new MalformedQueryError('the name is too long')
    name += (name && '.') + message.toString('latin1', at, at + length)
    at += length
  }
}

interface Opt {
  udpSize: number
  version: number
  flags: number
}

/** Skips records until the OPT one. What is cut off counts as absent: the question could be read. */
function findOpt(message: Buffer, start: number): Opt | undefined {
  const records = message.readUInt16BE(6) + message.readUInt16BE(8) + message.readUInt16BE(10)
  let at = start
  for (let i = 0; i < records; i++) {
    at = skipName(message, at)
    if (at + 10 > message.length) return undefined
    if (message.readUInt16BE(at) === OPT) {
      const [udpSize, version] = [message.readUInt16BE(at + 2), message[at + 5]!]
      return { udpSize, version, flags: message.readUInt16BE(at + 6) }
    }
    at += 10 + message.readUInt16BE(at + 8)
  }
  return undefined
}

function skipName(message: Buffer, start: number): number {
  let at = start
  while (at < message.length) {
    const length = message[at]!
    if (length === 0) return at + 1
    if (length >= 0xc0) return at + 2
    at += 1 + length
  }
  return at
}
