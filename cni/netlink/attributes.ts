import { isIPv4, isIPv6 } from 'node:net'

/** One attribute of a netlink message; a list of attributes is a nested one. */
export type Attribute = [type: number, value: Buffer | Attribute[]]

const HEADER = 4
const NESTED = 0x8000
const TYPE_MASK = 0x3fff

const padded = (length: number): number => (length + 3) & ~3

/** Attributes as the kernel reads them: length, type, value, each on a four-byte boundary. */
export function encodeAttributes(attributes: Attribute[]): Buffer {
  return Buffer.concat(attributes.map(encodeAttribute))
}

function encodeAttribute([type, value]: Attribute): Buffer {
  const isNested = Array.isArray(value)
  const content = isNested ? encodeAttributes(value) : value
  const bytes = Buffer.alloc(padded(HEADER + content.length))
  bytes.writeUInt16LE(HEADER + content.length, 0)
  bytes.writeUInt16LE(isNested ? type | NESTED : type, 2)
  content.copy(bytes, HEADER)
  return bytes
}

/** Values by their type. What is cut off ends the reading. */
export function decodeAttributes(bytes: Buffer): Map<number, Buffer> {
  return new Map(decodeAttributeList(bytes))
}

/** Like {@link decodeAttributes}, for lists in which a type comes up more than once. */
export function decodeAttributeList(bytes: Buffer): [type: number, value: Buffer][] {
  const attributes: [number, Buffer][] = []
  for (let at = 0; at + HEADER <= bytes.length; ) {
    const length = bytes.readUInt16LE(at)
    if (length < HEADER || at + length > bytes.length) break
    attributes.push([bytes.readUInt16LE(at + 2) & TYPE_MASK, bytes.subarray(at + HEADER, at + length)])
    at += padded(length)
  }
  return attributes
}

export function u8(value: number): Buffer {
  return Buffer.of(value)
}

export function u16(value: number): Buffer {
  const bytes = Buffer.alloc(2)
  bytes.writeUInt16LE(value)
  return bytes
}

/** Network byte order, as ports are. */
export function u16be(value: number): Buffer {
  const bytes = Buffer.alloc(2)
  bytes.writeUInt16BE(value)
  return bytes
}

export function u32(value: number): Buffer {
  const bytes = Buffer.alloc(4)
  bytes.writeUInt32LE(value)
  return bytes
}

/** Text with the zero byte the kernel wants at its end. */
export const text = (value: string): Buffer => Buffer.from(`${value}\0`)

export const decodeText = (bytes: Buffer): string => {
  const end = bytes.indexOf(0)
  return bytes.toString('utf8', 0, end < 0 ? bytes.length : end)
}

/** `0a:58:…` as bytes. */
export const encodeMac = (mac: string): Buffer => Buffer.from(mac.replaceAll(':', ''), 'hex')

export const decodeMac = (bytes: Buffer): string =>
  [...bytes].map(byte => byte.toString(16).padStart(2, '0')).join(':')

/** AF_INET or AF_INET6. */
export const familyOf = (address: string): 2 | 10 => (isIPv6(address) ? 10 : 2)

/** An IP address as four or sixteen bytes; throws a RangeError when it is none. */
export function encodeAddress(address: string): Buffer {
  if (isIPv4(address)) return Buffer.from(address.split('.').map(Number))
  if (!isIPv6(address)) throw new RangeError(`${JSON.stringify(address)} is no IP address`)
  return encodeIPv6(address)
}

function encodeIPv6(address: string): Buffer {
  const lastColon = address.lastIndexOf(':')
  const tail = address.slice(lastColon + 1)
  if (isIPv4(tail)) {
    const bytes = encodeAddress(tail)
    const groups = `${bytes.readUInt16BE(0).toString(16)}:${bytes.readUInt16BE(2).toString(16)}`
    return encodeIPv6(address.slice(0, lastColon + 1) + groups)
  }
  const [head = '', rest] = address.split('::')
  const before = head === '' ? [] : head.split(':')
  const after = !rest ? [] : rest.split(':')
  const zeros = Array<string>(8 - before.length - after.length).fill('0')
  const bytes = Buffer.alloc(16)
  for (const [i, group] of [...before, ...zeros, ...after].entries()) {
    bytes.writeUInt16BE(Number.parseInt(group, 16), i * 2)
  }
  return bytes
}

/** The canonical text of four or sixteen bytes (RFC 5952 for IPv6). */
export function decodeAddress(bytes: Buffer): string {
  if (bytes.length === 4) return bytes.join('.')
  const groups = Array.from({ length: 8 }, (_, i) => bytes.readUInt16BE(i * 2).toString(16)).join(':')
  const zeros = [...groups.matchAll(/(?<=^|:)0(?::0)+(?=:|$)/g)].map(([run]) => run)
  const longest = zeros.reduce((best, run) => (run.length > best.length ? run : best), '')
  if (longest === '') return groups
  const at = groups.search(new RegExp(`(?<=^|:)${longest}(?=:|$)`))
  const before = groups.slice(0, at).replace(/:$/, '')
  return `${before}::${groups.slice(at + longest.length).replace(/^:/, '')}`
}

/** One spelling for each address. */
export const canonicalAddress = (address: string): string => decodeAddress(encodeAddress(address))
