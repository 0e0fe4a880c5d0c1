import { isIPv6 } from 'node:net'
import {
  type Attribute,
  decodeAddress,
  decodeAttributes,
  encodeAddress,
  encodeAttributes,
  familyOf,
  u32,
} from './attributes.ts'
import { answers } from './error.ts'
import type { LinkRef } from './link.ts'
import type { Links } from './links.ts'
import { type KernelSocket, NEW } from './socket.ts'

/** An address on a link. */
export interface Address {
  /** Index of its link. */
  link: number
  /** With its prefix length: `10.1.2.3/24`. */
  address: string
  isPermanent: boolean
}

export interface AddressOptions {
  /** The kernel makes no route for the address's own network. */
  noPrefixRoute?: boolean
}

export interface Addresses {
  /** All addresses, or those of one link; [] when there is no such link. */
  list(filter?: { link?: LinkRef }): Promise<Address[]>
  /** Puts an address on a link; false when the link has it already. IPv6 addresses are usable at once. */
  add(link: LinkRef, address: string, options?: AddressOptions): Promise<boolean>
  /** Takes it off; false when the link is gone or does not have it. */
  delete(link: LinkRef, address: string): Promise<boolean>
}

const RTM = { new: 20, delete: 21, get: 22 } as const
const IFA = { address: 1, local: 2, flags: 8 } as const
const FLAG = { noDad: 0x02, permanent: 0x80, noPrefixRoute: 0x200 } as const

export function createAddresses(socket: KernelSocket, links: Links): Addresses {
  return {
    async list({ link } = {}) {
      const index = typeof link === 'string' ? (await links.get(link))?.index : link
      if (link !== undefined && index === undefined) return []
      const messages = await socket.dump('addresses', RTM.get, Buffer.alloc(8))
      return messages.map(decode).filter(address => index === undefined || address.link === index)
    },
    async add(link, address, options = {}) {
      const message = encode(await links.indexOf(link), address, options)
      const asked = `add address ${address} to ${link}`
      return answers(socket.request(asked, RTM.new, NEW.create | NEW.exclusive, message), 'EEXIST')
    },
    async delete(link, address) {
      const index = typeof link === 'number' ? link : (await links.get(link))?.index
      if (index === undefined) return false
      const asked = `delete address ${address} of ${link}`
      const message = encode(index, address, {})
      return answers(socket.request(asked, RTM.delete, 0, message), 'EADDRNOTAVAIL', 'ENODEV')
    },
  }
}

function encode(link: number, cidr: string, { noPrefixRoute }: AddressOptions): Buffer {
  const [address = '', length] = cidr.split('/')
  const bytes = encodeAddress(address)
  const header = Buffer.alloc(8)
  header.writeUInt8(familyOf(address), 0)
  header.writeUInt8(length === undefined ? bytes.length * 8 : Number(length), 1)
  header.writeUInt32LE(link, 4)
  const flags = (isIPv6(address) ? FLAG.noDad : 0) | (noPrefixRoute ? FLAG.noPrefixRoute : 0)
  const attributes: Attribute[] = [
    [IFA.local, bytes],
    [IFA.address, bytes],
    ...(flags === 0 ? [] : [[IFA.flags, u32(flags)] satisfies Attribute]),
  ]
  return Buffer.concat([header, encodeAttributes(attributes)])
}

function decode(message: Buffer): Address {
  const attributes = decodeAttributes(message.subarray(8))
  const bytes = attributes.get(IFA.local) ?? attributes.get(IFA.address) ?? Buffer.alloc(4)
  const flags = attributes.get(IFA.flags)?.readUInt32LE(0) ?? message.readUInt8(2)
  return {
    link: message.readUInt32LE(4),
    address: `${decodeAddress(bytes)}/${message.readUInt8(1)}`,
    isPermanent: (flags & FLAG.permanent) !== 0,
  }
}
