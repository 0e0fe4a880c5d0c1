import { isIPv4, isIPv6 } from 'node:net'
import { Address4, Address6 } from 'ip-address'
import { type FieldError, invalidValue } from '../../../api/meta/status.ts'
import { FINE, type Rule } from './check.ts'

/** Leading zeros are taken as decimal, as upstream still does in fields older than its strict rules. */
const withoutZeros = (value: string): string => value.replace(/(^|\.)0+(?=\d)/g, '$1')

const MAPPED = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i

/** `4` or `6`; undefined when it is no address. */
export function ipFamily(value: string): 4 | 6 | undefined {
  if (isIPv4(withoutZeros(value))) return 4
  if (MAPPED.test(value)) return 4
  return isIPv6(value) && !value.includes('%') ? 6 : undefined
}

/** An address of either family. */
export const ip: Rule<string> = (value, path) =>
  ipFamily(value)
    ? FINE
    : [invalidValue(path, value, 'must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)')]

/** An address a Service can lead to: not of the host itself, of one link, or of none. */
export const ordinaryIp: Rule<string> = (value, path) => {
  const family = ipFamily(value)
  if (!family) return [invalidValue(path, value, 'must be a valid IP address')]
  const faults: FieldError[] = []
  const refuse = (detail: string): unknown => faults.push(invalidValue(path, value, detail))
  const { isUnspecified, isLoopback, isLinkLocal, isLinkLocalMulticast } =
    family === 4 ? traits4(withoutZeros(MAPPED.exec(value)?.[1] ?? value)) : traits6(value)
  if (isUnspecified) refuse(`may not be unspecified (${value})`)
  if (isLoopback) refuse('may not be in the loopback range (127.0.0.0/8, ::1/128)')
  if (isLinkLocal) refuse('may not be in the link-local range (169.254.0.0/16, fe80::/10)')
  if (isLinkLocalMulticast) {
    refuse('may not be in the link-local multicast range (224.0.0.0/24, ff02::/10)')
  }
  return faults
}

const traits4 = (value: string) => ({
  isUnspecified: value === '0.0.0.0',
  isLoopback: value.startsWith('127.'),
  isLinkLocal: value.startsWith('169.254.'),
  isLinkLocalMulticast: value.startsWith('224.0.0.'),
})

function traits6(value: string) {
  const address = new Address6(value)
  const full = address.canonicalForm()
  return {
    isUnspecified: address.correctForm() === '::',
    isLoopback: address.correctForm() === '::1',
    isLinkLocal: /^fe[89ab]/.test(full),
    isLinkLocalMulticast: full.startsWith('ff02'),
  }
}

/** A network; undefined when the text is none. */
export function parseCidr(
  value: string,
): { family: 4 | 6; first: bigint; last: bigint; bits: number } | undefined {
  const [address = '', bits = '', ...rest] = value.split('/')
  if (rest.length > 0 || !/^\d{1,3}$/.test(bits)) return undefined
  const family = ipFamily(address)
  if (!family || Number(bits) > (family === 4 ? 32 : 128)) return undefined
  const prefix = `/${Number(bits)}`
  const network =
    family === 4
      ? new Address4(withoutZeros(MAPPED.exec(address)?.[1] ?? address) + prefix)
      : new Address6(address + prefix)
  return {
    family,
    first: network.startAddress().bigInt(),
    last: network.endAddress().bigInt(),
    bits: Number(bits),
  }
}

/** What is wrong with an address that must be in the one form of today. */
export function strictAddressFaults(value: string): string[] {
  const family = ipFamily(value)
  if (!family) return ['must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)']
  if (MAPPED.test(value)) return ['must not be an IPv4-mapped IPv6 address']
  if (family === 4) return isIPv4(value) ? [] : ['must not have leading 0s']
  const canonical = new Address6(value).correctForm()
  return canonical === value ? [] : [`must be in canonical form (${JSON.stringify(canonical)})`]
}

/** A network in the one form of today. */
export const strictNetwork: Rule<string> = (value, path) => {
  const network = parseCidr(value)
  if (!network) return cidr(value, path)
  const refuse = (detail: string): FieldError[] => [invalidValue(path, value, detail)]
  const [address = '', bits = ''] = value.split('/')
  const isOdd = network.family === 4 ? !isIPv4(address) && !MAPPED.test(address) : false
  if (isOdd || /^0\d/.test(bits)) return refuse('must not have leading 0s in IP or prefix length')
  if (MAPPED.test(address)) return refuse('must not have an IPv4-mapped IPv6 address')
  const parsed = network.family === 4 ? new Address4(address) : new Address6(address)
  if (parsed.bigInt() !== network.first) return refuse('must not have bits set beyond the prefix length')
  const canonical = `${network.family === 4 ? address : parsed.correctForm()}/${network.bits}`
  return canonical === value ? FINE : refuse(`must be in canonical form (${JSON.stringify(canonical)})`)
}

/** `10.0.0.0/8`. */
export const cidr: Rule<string> = (value, path) =>
  parseCidr(value)
    ? FINE
    : [invalidValue(path, value, 'must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)')]

/** Whether a network lies within another one and is smaller. */
export function isStrictSubset(inner: string, outer: string): boolean {
  const [a, b] = [parseCidr(inner), parseCidr(outer)]
  if (!a || !b || a.family !== b.family) return false
  return a.first >= b.first && a.last <= b.last && a.bits > b.bits
}

/** An address with the length of its network's prefix, in the one form of today. */
export const interfaceAddress: Rule<string> = (value, path) => {
  const network = parseCidr(value)
  if (!network) {
    const detail = 'must be a valid address in CIDR form, (e.g. 10.9.8.7/24 or 2001:db8::1/64)'
    return [invalidValue(path, value, detail)]
  }
  const [address = ''] = value.split('/')
  const plain =
    network.family === 4
      ? withoutZeros(MAPPED.exec(address)?.[1] ?? address)
      : new Address6(address).correctForm()
  const canonical = `${plain}/${network.bits}`
  return canonical === value
    ? FINE
    : [invalidValue(path, value, `must be in canonical form (${JSON.stringify(canonical)})`)]
}
