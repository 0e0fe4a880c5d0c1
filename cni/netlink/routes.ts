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

/** A unicast route. */
export interface Route {
  /** `10.1.2.0/24`; `0.0.0.0/0` and `::/0` are the default routes. */
  to: string
  /** The gateway; left out, the network is on the link itself. */
  via?: string
  /** Name or index of the link; an index when read. */
  link?: LinkRef
  /** The gateway is on the link, whatever addresses the link has. */
  onlink?: boolean
  /** The source address of what the host itself sends. */
  source?: string
  /** Lower wins. */
  metric?: number
  mtu?: number
  /** 254, the main table, when left out. */
  table?: number
  /** Who made it (`/etc/iproute2/rt_protos`); ours are {@link OUR_PROTOCOL} unless said otherwise. */
  protocol?: number
}

export interface Routes {
  /** Unicast routes of a table (254), all or those over one link. */
  list(filter?: { link?: LinkRef; table?: number; protocol?: number }): Promise<Route[]>
  /** Adds a route; false when there is one to this network with this metric. */
  add(route: Route): Promise<boolean>
  /** Adds a route in place of the one to this network with this metric. */
  replace(route: Route): Promise<void>
  /** Takes a route away; false when it was not there. */
  delete(route: Route): Promise<boolean>
}

/** The mark of routes we make. */
export const OUR_PROTOCOL = 83

const RTM = { new: 24, delete: 25, get: 26 } as const
const RTA = { destination: 1, link: 4, gateway: 5, metric: 6, source: 7, metrics: 8, table: 15 } as const
const RTAX_MTU = 2
const MAIN = 254
const UNICAST = 1
const SCOPE = { universe: 0, link: 253 } as const
const ONLINK = 4

export function createRoutes(socket: KernelSocket, links: Links): Routes {
  const change = async (type: number, flags: number, verb: string, route: Route): Promise<unknown> => {
    const link = route.link === undefined ? undefined : await links.indexOf(route.link)
    const over = route.via ? `via ${route.via}` : `on ${route.link}`
    return socket.request(`${verb} route ${route.to} ${over}`, type, flags, encode(route, link, type))
  }
  return {
    async list({ link, table = MAIN, protocol } = {}) {
      const index = typeof link === 'string' ? (await links.get(link))?.index : link
      if (link !== undefined && index === undefined) return []
      const messages = await socket.dump('routes', RTM.get, Buffer.alloc(12))
      return messages
        .filter(message => message.readUInt8(7) === UNICAST)
        .map(decode)
        .filter(
          route =>
            route.table === table &&
            (index === undefined || route.link === index) &&
            (protocol === undefined || route.protocol === protocol),
        )
    },
    add: route => answers(change(RTM.new, NEW.create | NEW.exclusive, 'add', route), 'EEXIST'),
    async replace(route) {
      await change(RTM.new, NEW.create | NEW.replace, 'replace', route)
    },
    delete: route => answers(change(RTM.delete, 0, 'delete', route), 'ESRCH', 'ENODEV', 'ENOENT'),
  }
}

function encode(route: Route, link: number | undefined, type: number): Buffer {
  const [network = '', length] = route.to.split('/')
  const bytes = encodeAddress(network)
  const header = Buffer.alloc(12)
  header.writeUInt8(familyOf(network), 0)
  header.writeUInt8(length === undefined ? bytes.length * 8 : Number(length), 1)
  const table = route.table ?? MAIN
  header.writeUInt8(table < 256 ? table : 0, 4)
  if (type === RTM.new) {
    header.writeUInt8(route.protocol ?? OUR_PROTOCOL, 5)
    header.writeUInt8(route.via ? SCOPE.universe : SCOPE.link, 6)
    header.writeUInt8(UNICAST, 7)
  } else {
    header.writeUInt8(255, 6)
  }
  header.writeUInt32LE(route.onlink ? ONLINK : 0, 8)
  return Buffer.concat([header, encodeAttributes(attributesOf(route, bytes, link, table))])
}

function attributesOf(
  { via, source, metric, mtu }: Route,
  network: Buffer,
  link: number | undefined,
  table: number,
): Attribute[] {
  const attributes: Attribute[] = [
    [RTA.destination, network],
    [RTA.table, u32(table)],
  ]
  if (link !== undefined) attributes.push([RTA.link, u32(link)])
  if (via !== undefined) attributes.push([RTA.gateway, encodeAddress(via)])
  if (source !== undefined) attributes.push([RTA.source, encodeAddress(source)])
  if (metric !== undefined) attributes.push([RTA.metric, u32(metric)])
  if (mtu !== undefined) attributes.push([RTA.metrics, [[RTAX_MTU, u32(mtu)]]])
  return attributes
}

function decode(message: Buffer): Route {
  const attributes = decodeAttributes(message.subarray(12))
  const number = (type: number): number | undefined => attributes.get(type)?.readUInt32LE(0)
  const address = (type: number): string | undefined => {
    const bytes = attributes.get(type)
    return bytes && decodeAddress(bytes)
  }
  const any = message.readUInt8(0) === 2 ? '0.0.0.0' : '::'
  const mtu = decodeAttributes(attributes.get(RTA.metrics) ?? Buffer.alloc(0))
    .get(RTAX_MTU)
    ?.readUInt32LE(0)
  const optional = { via: address(RTA.gateway), link: number(RTA.link), source: address(RTA.source), mtu }
  return {
    to: `${address(RTA.destination) ?? any}/${message.readUInt8(1)}`,
    metric: number(RTA.metric) ?? 0,
    table: number(RTA.table) ?? message.readUInt8(4),
    protocol: message.readUInt8(5),
    onlink: (message.readUInt32LE(8) & ONLINK) !== 0,
    ...Object.fromEntries(Object.entries(optional).filter(([, value]) => value !== undefined)),
  }
}
