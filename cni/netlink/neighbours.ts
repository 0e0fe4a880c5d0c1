import {
  type Attribute,
  decodeAddress,
  decodeAttributes,
  decodeMac,
  encodeAddress,
  encodeAttributes,
  encodeMac,
  familyOf,
} from './attributes.ts'
import { answers } from './error.ts'
import type { LinkRef } from './link.ts'
import { linkMessage } from './link-message.ts'
import type { Links } from './links.ts'
import { type KernelSocket, NEW } from './socket.ts'

/** Which hardware address an IP address has on a link. */
export interface Neighbour {
  /** Name or index of the link; an index when read. */
  link: LinkRef
  address: string
  mac: string
  /** Set by hand and never asked for again. True when left out. */
  isPermanent?: boolean
}

/** Behind which machine a VXLAN device finds a hardware address. */
export interface ForwardingEntry {
  link: LinkRef
  mac: string
  /** The machine's address in the underlay. */
  machine: string
  isPermanent?: boolean
}

export interface Neighbours {
  /**
   * Those of one link that have a hardware address; [] when there is no such link. What the kernel works out by itself
   * (multicast groups) is left out.
   */
  list(link: LinkRef): Promise<Neighbour[]>
  /** Sets an entry, in place of what there was. */
  replace(entry: Neighbour): Promise<void>
  /** Takes an entry away; false when it was not there. */
  delete(entry: Pick<Neighbour, 'link' | 'address'>): Promise<boolean>
}

export interface Forwarding {
  /** Those of a VXLAN device that lead to a machine; [] when there is no such link. */
  list(link: LinkRef): Promise<ForwardingEntry[]>
  /** Sets the one machine a hardware address is found behind. */
  replace(entry: ForwardingEntry): Promise<void>
  delete(entry: ForwardingEntry): Promise<boolean>
}

const RTM = { new: 28, delete: 29, get: 30 } as const
const NDA = { destination: 1, mac: 2 } as const
const STATE = { noArp: 0x40, permanent: 0x80, reachable: 0x02 } as const
const SELF = 0x02
const AF_BRIDGE = 7
const GONE = ['ENOENT', 'ENODEV', 'ESRCH', 'ENXIO']

export function createNeighbours(socket: KernelSocket, links: Links): Neighbours {
  return {
    async list(link) {
      const index = (await links.get(link))?.index
      const messages = index === undefined ? [] : await socket.dump('neighbours', RTM.get, Buffer.alloc(12))
      return messages.map(decode).flatMap(({ destination, family, link: at, mac, isPermanent, isAsked }) => {
        const isWanted = at === index && family !== AF_BRIDGE && isAsked && destination && mac
        return isWanted ? [{ link: at, address: destination, mac, isPermanent }] : []
      })
    },
    async replace({ link, address, mac, isPermanent = true }) {
      const state = isPermanent ? STATE.permanent : STATE.reachable
      const message = encode(familyOf(address), await links.indexOf(link), state, 0, [
        [NDA.destination, encodeAddress(address)],
        [NDA.mac, encodeMac(mac)],
      ])
      const flags = NEW.create | NEW.replace
      await socket.request(`set neighbour ${address} on ${link}`, RTM.new, flags, message)
    },
    async delete({ link, address }) {
      const index = typeof link === 'number' ? link : (await links.get(link))?.index
      if (index === undefined) return false
      const message = encode(familyOf(address), index, 0, 0, [[NDA.destination, encodeAddress(address)]])
      return answers(
        socket.request(`delete neighbour ${address} of ${link}`, RTM.delete, 0, message),
        ...GONE,
      )
    },
  }
}

export function createForwarding(socket: KernelSocket, links: Links): Forwarding {
  return {
    async list(link) {
      const index = (await links.get(link))?.index
      if (index === undefined) return []
      const messages = await socket.dump('forwarding', RTM.get, linkMessage({ index, family: AF_BRIDGE }))
      return messages.map(decode).flatMap(({ destination, link: at, mac, isPermanent }) => {
        const isWanted = at === index && destination && mac
        return isWanted ? [{ link: at, mac, machine: destination, isPermanent }] : []
      })
    },
    async replace(entry) {
      const message = forwardingMessage(await links.indexOf(entry.link), entry)
      const asked = `set ${entry.mac} behind ${entry.machine} on ${entry.link}`
      await socket.request(asked, RTM.new, NEW.create | NEW.replace, message)
    },
    async delete(entry) {
      const index = typeof entry.link === 'number' ? entry.link : (await links.get(entry.link))?.index
      if (index === undefined) return false
      const asked = `delete ${entry.mac} behind ${entry.machine} on ${entry.link}`
      return answers(socket.request(asked, RTM.delete, 0, forwardingMessage(index, entry)), ...GONE)
    },
  }
}

const forwardingMessage = (link: number, { mac, machine }: ForwardingEntry): Buffer =>
  encode(AF_BRIDGE, link, STATE.permanent | STATE.noArp, SELF, [
    [NDA.destination, encodeAddress(machine)],
    [NDA.mac, encodeMac(mac)],
  ])

/** `struct ndmsg` and attributes. */
function encode(family: number, link: number, state: number, flags: number, attributes: Attribute[]): Buffer {
  const header = Buffer.alloc(12)
  header.writeUInt8(family, 0)
  header.writeInt32LE(link, 4)
  header.writeUInt16LE(state, 8)
  header.writeUInt8(flags, 10)
  return Buffer.concat([header, encodeAttributes(attributes)])
}

function decode(message: Buffer) {
  const attributes = decodeAttributes(message.subarray(12))
  const destination = attributes.get(NDA.destination)
  const mac = attributes.get(NDA.mac)
  return {
    family: message.readUInt8(0),
    link: message.readInt32LE(4),
    isPermanent: (message.readUInt16LE(8) & STATE.permanent) !== 0,
    isAsked: (message.readUInt16LE(8) & STATE.noArp) === 0,
    destination: destination && decodeAddress(destination),
    mac: mac && decodeMac(mac),
  }
}
