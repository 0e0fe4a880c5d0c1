import { type Attribute, encodeAttributes, encodeMac, u32 } from './attributes.ts'

/** Attributes of links (linux/if_link.h). */
export const IFLA = {
  address: 1,
  name: 3,
  mtu: 4,
  link: 5,
  master: 10,
  info: 18,
  alias: 20,
  netnsFd: 28,
  netnsId: 37,
} as const

const UP = 1

/** `struct ifinfomsg` and attributes. `up` left out: the flag is not touched. */
export function linkMessage(
  { index = 0, up, family = 0 }: { index?: number; up?: boolean | undefined; family?: number },
  attributes: Attribute[] = [],
): Buffer {
  const header = Buffer.alloc(16)
  header.writeUInt8(family, 0)
  header.writeInt32LE(index, 4)
  header.writeUInt32LE(up ? UP : 0, 8)
  header.writeUInt32LE(up === undefined ? 0 : UP, 12)
  return Buffer.concat([header, encodeAttributes(attributes)])
}

export function sizeAttributes({ mtu, mac }: { mtu?: number; mac?: string }): Attribute[] {
  return [
    ...(mtu === undefined ? [] : [[IFLA.mtu, u32(mtu)] satisfies Attribute]),
    ...(mac === undefined ? [] : [[IFLA.address, encodeMac(mac)] satisfies Attribute]),
  ]
}
