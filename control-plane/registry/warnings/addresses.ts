import { isIPv4, isIPv6 } from 'node:net'
import { Address6 } from 'ip-address'
import { ipFamily, parseCidr } from '../rules/addresses.ts'

const LATER = 'will be considered invalid in a future Kubernetes release'
const MAPPED = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i

const withoutZeros = (value: string): string => value.replace(/(^|\.)0+(?=\d)/g, '$1')

/** An address in the form of Go's `net.IP`. */
const canonical = (value: string): string => {
  const mapped = MAPPED.exec(value)?.[1]
  if (mapped) return withoutZeros(mapped)
  return ipFamily(value) === 4 ? withoutZeros(value) : new Address6(value).correctForm()
}

/** What is to be said of an address that is valid, but not in the form of today. */
export function addressWarnings(path: string, value: string): string[] {
  if (isIPv4(value)) return []
  if (ipFamily(value) === undefined) return []
  const wanted = canonical(value)
  if (!isIPv6(value) || MAPPED.test(value)) {
    return [
      `${path}: non-standard IP address ${JSON.stringify(value)} ${LATER}: use ${JSON.stringify(wanted)}`,
    ]
  }
  if (wanted === value) return []
  return [
    `${path}: IPv6 address ${JSON.stringify(value)} should be in RFC 5952 canonical format (${JSON.stringify(wanted)})`,
  ]
}

/** The same of a network. */
export function networkWarnings(path: string, value: string): string[] {
  const network = parseCidr(value)
  if (!network) return []
  const [address = '', bits = ''] = value.split('/')
  const first = canonicalOf(network.first, network.family)
  const own = `${first}/${network.bits}`
  const warnings: string[] = []
  if (canonical(address) !== first) {
    const single = `${canonical(address)}/${network.family === 4 ? 32 : 128}`
    warnings.push(
      `${path}: CIDR value ${JSON.stringify(value)} is ambiguous in this context (should be ${JSON.stringify(own)} or ${JSON.stringify(single)}?)`,
    )
  }
  const isOdd = (!isIPv4(address) && !isIPv6(address)) || MAPPED.test(address) || /^0\d/.test(bits)
  if (isOdd) {
    warnings.push(
      `${path}: non-standard CIDR value ${JSON.stringify(value)} ${LATER}: use ${JSON.stringify(own)}`,
    )
  }
  if (warnings.length === 0 && isIPv6(address) && own !== value) {
    warnings.push(
      `${path}: IPv6 CIDR value ${JSON.stringify(value)} should be in RFC 5952 canonical format (${JSON.stringify(own)})`,
    )
  }
  return warnings
}

function canonicalOf(first: bigint, family: 4 | 6): string {
  if (family === 6) return Address6.fromBigInt(first).correctForm()
  return [24n, 16n, 8n, 0n].map(shift => (first >> shift) & 255n).join('.')
}
