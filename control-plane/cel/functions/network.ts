import { isIPv4, isIPv6 } from 'node:net'
import { Address4, Address6 } from 'ip-address'
import { addAll, addNamespace, addType, type Register } from './types.ts'

class CelIp {
  readonly family: 4 | 6
  readonly value: bigint
  /** As Go prints it. */
  readonly text: string

  constructor(text: string) {
    this.family = text.includes(':') ? 6 : 4
    const address = this.family === 4 ? new Address4(text) : new Address6(text)
    this.value = address.bigInt()
    this.text = address.correctForm()
  }

  is(...ranges: string[]): boolean {
    return ranges.some(range => new CelCidr(range).contains(this))
  }

  toString(): string {
    return this.text
  }
}

class CelCidr {
  readonly ip: CelIp
  readonly length: number

  constructor(text: string) {
    const [address = '', length = ''] = text.split('/')
    this.ip = new CelIp(address)
    this.length = Number(length)
  }

  get #hostBits(): bigint {
    return BigInt((this.ip.family === 4 ? 32 : 128) - this.length)
  }

  contains({ family, value }: CelIp): boolean {
    return family === this.ip.family && value >> this.#hostBits === this.ip.value >> this.#hostBits
  }

  masked(): CelCidr {
    const value = (this.ip.value >> this.#hostBits) << this.#hostBits
    const address = this.ip.family === 4 ? Address4.fromBigInt(value) : Address6.fromBigInt(value)
    return new CelCidr(`${address.correctForm()}/${this.length}`)
  }

  toString(): string {
    return `${this.ip}/${this.length}`
  }
}

/** Zones and addresses of IPv4 inside of IPv6 are not taken. */
const isIp = (text: string): boolean =>
  isIPv4(text) || (isIPv6(text) && !text.includes('%') && !/^::ffff:/i.test(text))

function isCidr(text: string): boolean {
  const [address = '', length = '', ...more] = text.split('/')
  if (more.length > 0 || !isIp(address) || !/^(0|[1-9]\d*)$/.test(length)) return false
  return Number(length) <= (address.includes(':') ? 128 : 32)
}

function parseIp(text: string): CelIp {
  if (!isIp(text))
    throw new Error(
      `IP Address ${JSON.stringify(text)} parse error during conversion from string: ParseAddr(${JSON.stringify(text)}): unable to parse IP`,
    )
  return new CelIp(text)
}

function parseCidr(text: string): CelCidr {
  if (!isCidr(text))
    throw new Error(
      `network address parse error during conversion from string: netip.ParsePrefix(${JSON.stringify(text)}): no '/'`,
    )
  return new CelCidr(text)
}

function containsCidr(outer: CelCidr, inner: CelCidr): boolean {
  return outer.length <= inner.length && outer.contains(inner.ip)
}

/** Kubernetes' `ip(…)` and `cidr(…)`. */
export const registerNetwork: Register = environment => {
  addType(environment, 'net.IP', CelIp, (a, b) => a.text === b.text)
  addType(environment, 'net.CIDR', CelCidr, (a, b) => String(a) === String(b))
  addAll(environment, {
    'ip(string): net.IP': parseIp,
    'isIP(string): bool': isIp,
    'string(net.IP): string': String,
    'net.IP.family(): int': ({ family }: CelIp) => BigInt(family),
    'net.IP.isUnspecified(): bool': (ip: CelIp) => ip.value === 0n,
    'net.IP.isLoopback(): bool': (ip: CelIp) => ip.is('127.0.0.0/8', '::1/128'),
    'net.IP.isLinkLocalMulticast(): bool': (ip: CelIp) => ip.is('224.0.0.0/24', 'ff02::/16'),
    'net.IP.isLinkLocalUnicast(): bool': (ip: CelIp) => ip.is('169.254.0.0/16', 'fe80::/10'),
    'net.IP.isGlobalUnicast(): bool': (ip: CelIp) =>
      ip.value !== 0n &&
      !ip.is(
        '255.255.255.255/32',
        '127.0.0.0/8',
        '::1/128',
        '224.0.0.0/4',
        'ff00::/8',
        '169.254.0.0/16',
        'fe80::/10',
      ),
    'cidr(string): net.CIDR': parseCidr,
    'isCIDR(string): bool': isCidr,
    'string(net.CIDR): string': String,
    'net.CIDR.containsIP(net.IP): bool': (cidr: CelCidr, ip: CelIp) => cidr.contains(ip),
    'net.CIDR.containsIP(string): bool': (cidr: CelCidr, text: string) => cidr.contains(parseIp(text)),
    'net.CIDR.containsCIDR(net.CIDR): bool': containsCidr,
    'net.CIDR.containsCIDR(string): bool': (cidr: CelCidr, text: string) =>
      containsCidr(cidr, parseCidr(text)),
    'net.CIDR.ip(): net.IP': ({ ip }: CelCidr) => ip,
    'net.CIDR.masked(): net.CIDR': (cidr: CelCidr) => cidr.masked(),
    'net.CIDR.prefixLength(): int': ({ length }: CelCidr) => BigInt(length),
  })
  addNamespace(environment, 'ip', {
    'isCanonical(string): bool': (text: string) => parseIp(text).text === text,
  })
}
