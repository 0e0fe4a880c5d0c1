import { isIPv4, isIPv6 } from 'node:net'
import { Address4, Address6 } from 'ip-address'
import { Type } from '../language/types.ts'
import { EvaluationError, noSuchOverload, type Typed } from '../language/values.ts'
import { addAll, addType, type Register } from './types.ts'

const IP = new Type('opaque', 'net.IP')
const CIDR = new Type('opaque', 'net.CIDR')

class CelIp implements Typed {
  readonly type = IP
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

  isSame(other: CelIp): boolean {
    return this.text === other.text
  }

  /** Bytes. */
  size(): number {
    return this.family === 4 ? 4 : 16
  }

  is(...ranges: string[]): boolean {
    return ranges.some(range => new CelCidr(range).contains(this))
  }

  toString(): string {
    return this.text
  }
}

class CelCidr implements Typed {
  readonly type = CIDR
  readonly ip: CelIp
  readonly length: number

  constructor(text: string) {
    const [address = '', length = ''] = text.split('/')
    this.ip = new CelIp(address)
    this.length = Number(length)
  }

  isSame(other: CelCidr): boolean {
    return String(this) === String(other)
  }

  /** Bytes of the prefix. */
  size(): number {
    return Math.ceil(this.length / 8)
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
    throw new EvaluationError(
      `IP Address ${JSON.stringify(text)} parse error during conversion from string: ParseAddr(${JSON.stringify(text)}): unable to parse IP`,
    )
  return new CelIp(text)
}

function parseCidr(text: string): CelCidr {
  if (!isCidr(text))
    throw new EvaluationError(
      `network address parse error during conversion from string: network address parse error during conversion from string: netip.ParsePrefix(${JSON.stringify(text)}): no '/'`,
    )
  return new CelCidr(text)
}

/** What is no address is told by the type of what was given, as upstream does. */
function orNoOverload<T>(parse: () => T): T {
  try {
    return parse()
  } catch (error) {
    throw error instanceof EvaluationError ? noSuchOverload() : error
  }
}

function containsCidr(outer: CelCidr, inner: CelCidr): boolean {
  return outer.length <= inner.length && outer.contains(inner.ip)
}

const isGlobalUnicast = (ip: CelIp): boolean => ip.value !== 0n && !ip.is(...NOT_GLOBAL)

const NOT_GLOBAL = [
  '255.255.255.255/32',
  '127.0.0.0/8',
  '::1/128',
  '224.0.0.0/4',
  'ff00::/8',
  '169.254.0.0/16',
  'fe80::/10',
]

/** Kubernetes' `ip(…)` and `cidr(…)`. */
export const registerNetwork: Register = environment => {
  addType(environment, IP)
  addType(environment, CIDR)
  const range = (id: string, ...ranges: string[]) => ({
    [id]: ['net.IP.(): bool', (ip: CelIp) => ip.is(...ranges)] as const,
  })
  addAll(environment, {
    ip: {
      string_to_ip: ['(string): net.IP', parseIp],
      cidr_ip: ['net.CIDR.(): net.IP', ({ ip }: CelCidr) => ip],
    },
    isIP: { is_ip: ['(string): bool', isIp] },
    string: { ip_to_string: ['(net.IP): string', String], cidr_to_string: ['(net.CIDR): string', String] },
    family: { ip_family: ['net.IP.(): int', ({ family }: CelIp) => BigInt(family)] },
    'ip.isCanonical': { ip_is_canonical: ['(string): bool', (text: string) => parseIp(text).text === text] },
    isUnspecified: { ip_is_unspecified: ['net.IP.(): bool', ({ value }: CelIp) => value === 0n] },
    isLoopback: range('ip_is_loopback', '127.0.0.0/8', '::1/128'),
    isLinkLocalMulticast: range('ip_is_link_local_multicast', '224.0.0.0/24', 'ff02::/16'),
    isLinkLocalUnicast: range('ip_is_link_local_unicast', '169.254.0.0/16', 'fe80::/10'),
    isGlobalUnicast: { ip_is_global_unicast: ['net.IP.(): bool', isGlobalUnicast] },
    cidr: { string_to_cidr: ['(string): net.CIDR', parseCidr] },
    isCIDR: { is_cidr: ['(string): bool', isCidr] },
    containsIP: {
      cidr_contains_ip_string: [
        'net.CIDR.(string): bool',
        (cidr: CelCidr, text: string) => cidr.contains(orNoOverload(() => parseIp(text))),
      ],
      cidr_contains_ip_ip: ['net.CIDR.(net.IP): bool', (cidr: CelCidr, ip: CelIp) => cidr.contains(ip)],
    },
    containsCIDR: {
      cidr_contains_cidr_string: [
        'net.CIDR.(string): bool',
        (cidr: CelCidr, text: string) => containsCidr(cidr, parseCidr(text)),
      ],
      cidr_contains_cidr: ['net.CIDR.(net.CIDR): bool', containsCidr],
    },
    masked: { cidr_masked: ['net.CIDR.(): net.CIDR', (cidr: CelCidr) => cidr.masked()] },
    prefixLength: { cidr_prefix_length: ['net.CIDR.(): int', ({ length }: CelCidr) => BigInt(length)] },
  })
}
