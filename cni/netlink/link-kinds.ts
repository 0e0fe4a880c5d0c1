import { closeSync, openSync } from 'node:fs'
import {
  type Attribute,
  decodeAddress,
  decodeAttributes,
  decodeText,
  encodeAddress,
  text,
  u8,
  u16be,
  u32,
} from './attributes.ts'
import type { Link, LinkKind, LinkPort, LinkRef, VethPeer } from './link.ts'
import { IFLA, linkMessage, sizeAttributes } from './link-message.ts'
import { NamespaceError } from './namespace.ts'

const INFO = { kind: 1, data: 2, slaveKind: 4, slaveData: 5 } as const
const VETH_PEER = 1
const VXLAN = { id: 1, link: 3, local: 4, learning: 7, port: 15, local6: 17 } as const
const PORT = { hairpin: 4, isolated: 33 } as const

/**
 * Makes the attribute that says what kind a new link is and runs the request with it: a peer's namespace is named by a
 * file descriptor, which must be open just so long.
 */
export async function encodeKind<T>(
  spec: LinkKind,
  indexOf: (ref: LinkRef) => Promise<number>,
  request: (attribute: Attribute) => Promise<T>,
): Promise<T> {
  const kind: Attribute = [INFO.kind, text(spec.kind)]
  if (spec.kind === 'vxlan') {
    const data = vxlanData({ ...spec, link: await indexOf(spec.link) })
    return request([IFLA.info, [kind, [INFO.data, data]]])
  }
  if (spec.kind !== 'veth') return request([IFLA.info, [kind]])
  const { netns } = spec.peer
  const fd = netns === undefined ? undefined : openNamespace(netns)
  try {
    const data: Attribute[] = [[VETH_PEER, vethPeer(spec.peer, fd)]]
    return await request([IFLA.info, [kind, [INFO.data, data]]])
  } finally {
    if (fd !== undefined) closeSync(fd)
  }
}

function openNamespace(path: string): number {
  try {
    return openSync(path, 'r')
  } catch (cause) {
    throw new NamespaceError(path, cause as NodeJS.ErrnoException)
  }
}

function vethPeer(peer: VethPeer, netns: number | undefined): Buffer {
  const attributes: Attribute[] = [[IFLA.name, text(peer.name)], ...sizeAttributes(peer)]
  if (netns !== undefined) attributes.push([IFLA.netnsFd, u32(netns)])
  return linkMessage({ up: peer.up }, attributes)
}

function vxlanData(spec: {
  id: number
  port: number
  local: string
  link: number
  learning: boolean
}): Attribute[] {
  const local = encodeAddress(spec.local)
  return [
    [VXLAN.id, u32(spec.id)],
    [VXLAN.link, u32(spec.link)],
    [local.length === 4 ? VXLAN.local : VXLAN.local6, local],
    [VXLAN.learning, u8(spec.learning ? 1 : 0)],
    [VXLAN.port, u16be(spec.port)],
  ]
}

/** The attribute that changes a bridge's port. */
export function encodePort(port: LinkPort): Attribute {
  const settings: Attribute[] = []
  if (port.hairpin !== undefined) settings.push([PORT.hairpin, u8(port.hairpin ? 1 : 0)])
  if (port.isolated !== undefined) settings.push([PORT.isolated, u8(port.isolated ? 1 : 0)])
  return [
    IFLA.info,
    [
      [INFO.slaveKind, text('bridge')],
      [INFO.slaveData, settings],
    ],
  ]
}

/** Reads what {@link encodeKind} and {@link encodePort} write. */
export function decodeKind(info: Buffer | undefined): Pick<Link, 'kind' | 'vxlan' | 'port'> {
  if (!info) return { kind: '' }
  const attributes = decodeAttributes(info)
  const textOf = (type: number): string => decodeText(attributes.get(type) ?? Buffer.alloc(0))
  const kind = textOf(INFO.kind)
  const data = decodeAttributes(attributes.get(INFO.data) ?? Buffer.alloc(0))
  return {
    kind,
    ...(kind === 'vxlan' && { vxlan: decodeVxlan(data) }),
    ...(textOf(INFO.slaveKind) === 'bridge' && { port: decodePort(attributes.get(INFO.slaveData)) }),
  }
}

function decodeVxlan(data: Map<number, Buffer>): NonNullable<Link['vxlan']> {
  const local = data.get(VXLAN.local) ?? data.get(VXLAN.local6)
  return {
    id: data.get(VXLAN.id)?.readUInt32LE(0) ?? 0,
    port: data.get(VXLAN.port)?.readUInt16BE(0) ?? 0,
    local: local ? decodeAddress(local) : '',
    link: data.get(VXLAN.link)?.readUInt32LE(0) ?? 0,
    learning: data.get(VXLAN.learning)?.[0] === 1,
  }
}

function decodePort(data: Buffer | undefined): Required<LinkPort> {
  const settings = decodeAttributes(data ?? Buffer.alloc(0))
  return {
    hairpin: settings.get(PORT.hairpin)?.[0] === 1,
    isolated: settings.get(PORT.isolated)?.[0] === 1,
  }
}
