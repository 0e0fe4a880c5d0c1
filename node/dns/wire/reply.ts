import type { DnsRecord, DnsReply } from '../../../plugins/dns.ts'
import type { WireQuery } from './query.ts'
import { rcodeNumber } from './types.ts'
import { MessageWriter, NoSpaceError } from './writer.ts'

const HEADER = 12
/** Root name, type, class, TTL, length. */
const OPT_SIZE = 11
const OUR_UDP_SIZE = 1_232
const QR = 0x8000
const AA = 0x0400
const TC = 0x0200
const RD = 0x0100
const RA = 0x0080
const AD = 0x0020
const CD = 0x0010

/** Every message is put together here and copied out: the server makes one at a time. */
const scratch = Buffer.allocUnsafe(65_535)

/**
 * The bytes of a reply. What does not fit the client's size is left out, from the end; when answers or authorities had to
 * go, the flag TC tells the client to come again over TCP.
 */
export function encodeReply(query: WireQuery, reply: DnsReply): Buffer {
  const writer = new MessageWriter(scratch, query.maxSize - (query.edns ? OPT_SIZE : 0))
  writer.bytes(EMPTY_HEADER)
  writer.bytes(query.question)
  writer.remember(query.name, HEADER)
  const answers = writeSection(writer, reply.answers)
  const authorities = answers.whole ? writeSection(writer, reply.authorities) : NOTHING
  const isWhole = answers.whole && authorities.whole
  const additionals = isWhole ? writeSection(writer, reply.additionals) : NOTHING
  const message = Buffer.allocUnsafe(writer.length + (query.edns ? OPT_SIZE : 0))
  scratch.copy(message, 0, 0, writer.length)
  if (query.edns) writeOpt(message, writer.length, query.dnssecOk, 0)
  const counts = [answers.count, authorities.count, additionals.count + (query.edns ? 1 : 0)]
  writeHeader(message, query, flagsOf(query, reply, isWhole), counts)
  return message
}

const EMPTY_HEADER = Buffer.alloc(HEADER)
const NOTHING = { count: 0, whole: false }

function writeSection(writer: MessageWriter, records: DnsRecord[]): { count: number; whole: boolean } {
  let count = 0
  try {
    for (const record of records) {
      writer.record(record)
      count += 1
    }
    return { count, whole: true }
  } catch (error) {
    if (error instanceof NoSpaceError) return { count, whole: false }
    throw error
  }
}

function flagsOf(query: WireQuery, reply: DnsReply, isWhole: boolean): number {
  return (
    QR |
    (query.opcode << 11) |
    (reply.authoritative ? AA : 0) |
    (reply.truncated || !isWhole ? TC : 0) |
    (query.recursionDesired ? RD : 0) |
    (reply.recursionAvailable ? RA : 0) |
    (reply.authenticData ? AD : 0) |
    (query.checkingDisabled ? CD : 0) |
    rcodeNumber(reply.rcode)
  )
}

function writeHeader(message: Buffer, query: WireQuery, flags: number, counts: number[]): void {
  message.writeUInt16BE(query.id, 0)
  message.writeUInt16BE(flags, 2)
  message.writeUInt16BE(1, 4)
  for (const [i, count] of counts.entries()) message.writeUInt16BE(count, 6 + 2 * i)
}

function writeOpt(message: Buffer, at: number, dnssecOk: boolean, extendedRcode: number): void {
  message.fill(0, at, at + OPT_SIZE)
  message.writeUInt16BE(41, at + 1)
  message.writeUInt16BE(OUR_UDP_SIZE, at + 3)
  message[at + 5] = extendedRcode
  if (dnssecOk) message[at + 7] = 0x80
}

/** `BADVERS` (16): the client speaks an EDNS we do not. */
export function encodeBadVersion(query: WireQuery): Buffer {
  const message = encodeReply(query, { rcode: 'NOERROR', answers: [], authorities: [], additionals: [] })
  writeOpt(message, message.length - OPT_SIZE, query.dnssecOk, 1)
  return message
}

/** A bare header for what could not be read: the id, the opcode and an rcode (1 is FORMERR). */
export function encodeHeaderOnly(message: Buffer, rcode: number): Buffer {
  const reply = Buffer.alloc(HEADER)
  message.copy(reply, 0, 0, 4)
  reply[2] = (reply[2]! & 0x79) | 0x80
  reply[3] = rcode
  return reply
}
