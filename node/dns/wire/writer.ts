import { isIPv4 } from 'node:net'
import packet from 'dns-packet'
import type { DnsRecord } from '../../../plugins/dns.ts'
import { canonicalAddress } from './names.ts'
import { classNumber, typeNumber } from './types.ts'

/** The message does not fit; what was written before the record is whole. */
export class NoSpaceError extends Error {
  readonly code = 'NO_SPACE'
}

const POINTER = 0xc000
/** Pointers have 14 bits. */
const FARTHEST_POINTER = 0x3fff

/** Writes the parts of a message into one buffer, with names compressed (RFC 1035 section 4.1.4). */
export class MessageWriter {
  readonly buffer: Buffer
  #at = 0
  #limit: number
  readonly #names = new Map<string, number>()

  constructor(buffer: Buffer, limit: number) {
    this.buffer = buffer
    this.#limit = limit
  }

  get length(): number {
    return this.#at
  }

  bytes(bytes: Buffer): void {
    this.#need(bytes.length)
    bytes.copy(this.buffer, this.#at)
    this.#at += bytes.length
  }

  uint16(value: number): void {
    this.#need(2)
    this.#at = this.buffer.writeUInt16BE(value & 0xffff, this.#at)
  }

  uint32(value: number): void {
    this.#need(4)
    this.#at = this.buffer.writeUInt32BE(value >>> 0, this.#at)
  }

  /** Makes later records point to a name (and its parents) that is in the message already. */
  remember(name: string, at: number): void {
    let offset = at
    for (let rest = name; rest !== '' && offset <= FARTHEST_POINTER; ) {
      if (!this.#names.has(rest)) this.#names.set(rest, offset)
      const dot = rest.indexOf('.')
      if (dot < 0) return
      offset += dot + 1
      rest = rest.slice(dot + 1)
    }
  }

  name(name: string): void {
    for (let rest = name; ; ) {
      if (rest === '') {
        this.#byte(0)
        return
      }
      const known = this.#names.get(rest)
      if (known !== undefined) {
        this.uint16(POINTER | known)
        return
      }
      if (this.#at <= FARTHEST_POINTER) this.#names.set(rest, this.#at)
      const dot = rest.indexOf('.')
      this.#label(dot < 0 ? rest : rest.slice(0, dot))
      rest = dot < 0 ? '' : rest.slice(dot + 1)
    }
  }

  /** Writes a whole record or, with {@link NoSpaceError}, nothing of it. */
  record(record: DnsRecord): void {
    const start = this.#at
    try {
      this.name(record.name)
      this.uint16(knownTypeNumber(record.type))
      this.uint16(classNumber(record.class))
      this.uint32(record.ttl)
      const lengthAt = this.#at
      this.uint16(0)
      this.#data(record)
      this.buffer.writeUInt16BE(this.#at - lengthAt - 2, lengthAt)
    } catch (error) {
      this.#rewind(start)
      throw error
    }
  }

  #data({ type, data }: DnsRecord): void {
    if (type === 'A') this.#ipv4(data)
    else if (type === 'AAAA') this.#ipv6(data)
    else if (type === 'CNAME' || type === 'NS' || type === 'PTR') this.name(data)
    else if (type === 'SRV') this.#srv(data)
    else if (type === 'SOA') this.#soa(data)
    else this.#other(type, data)
  }

  #srv({ priority = 0, weight = 0, port, target }: any): void {
    this.uint16(priority)
    this.uint16(weight)
    this.uint16(port)
    this.name(target)
  }

  #soa({ mname, rname, serial, refresh, retry, expire, minimum }: any): void {
    this.name(mname)
    this.name(rname)
    for (const part of [serial, refresh, retry, expire, minimum]) this.uint32(part)
  }

  /** dns-packet's own encoding starts with the length, which we have written already. */
  #other(type: string, data: unknown): void {
    const encoded = (packet as any).record(type).encode(data) as Buffer
    this.bytes(encoded.subarray(2))
  }

  #ipv4(address: string): void {
    if (!isIPv4(address)) throw new TypeError(`not an IPv4 address: ${address}`)
    for (const part of address.split('.')) this.#byte(Number(part))
  }

  #ipv6(address: string): void {
    const mapped = /^(.*:)(\d+)\.(\d+)\.(\d+)\.(\d+)$/.exec(address)
    const hex = (high: string, low: string): string => ((Number(high) << 8) | Number(low)).toString(16)
    const plain = mapped
      ? `${mapped[1]}${hex(mapped[2]!, mapped[3]!)}:${hex(mapped[4]!, mapped[5]!)}`
      : address
    for (const group of canonicalAddress(plain).split(':')) this.uint16(Number.parseInt(group, 16))
  }

  #label(label: string): void {
    const length = Buffer.byteLength(label, 'latin1')
    if (length === 0 || length > 63) throw new TypeError(`bad label in a name: "${label}"`)
    this.#byte(length)
    this.#need(length)
    this.#at += this.buffer.write(label, this.#at, 'latin1')
  }

  #byte(value: number): void {
    this.#need(1)
    this.buffer[this.#at] = value
    this.#at += 1
  }

  #need(bytes: number): void {
    if (this.#at + bytes > this.#limit) throw new NoSpaceError('the message is full')
  }

  #rewind(to: number): void {
    this.#at = to
    for (const [name, at] of this.#names) if (at >= to) this.#names.delete(name)
  }
}

function knownTypeNumber(type: string): number {
  const number = typeNumber(type)
  if (number === undefined) throw new TypeError(`unknown record type ${type}`)
  return number
}
