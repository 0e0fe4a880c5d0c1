import { decodeAttributes, decodeText } from './attributes.ts'
import { IFLA } from './link-message.ts'
import { openSocket, PROTOCOL } from './socket.ts'

/** Something changed in the kernel's tables. */
export interface KernelEvent {
  /** `lost`: there were more changes than the socket could hold; read everything again. */
  type: 'link' | 'address' | 'route' | 'neighbour' | 'lost'
  isRemoved: boolean
  /** Index of the link it is about; 0 where it is about none. */
  link: number
  /** The link's name, for changes of links. */
  name?: string
}

export type EventType = Exclude<KernelEvent['type'], 'lost'>

/** RTNLGRP_* of each type, IPv4 and IPv6. */
const GROUPS: Record<EventType, number[]> = { link: [1], neighbour: [3], address: [5, 9], route: [7, 11] }
const TYPES: EventType[] = ['link', 'address', 'route', 'neighbour']
const FIRST_TYPE = 16
const RTA_LINK = 4

/** Tells of every change of these types until the returned function is called. */
export function watchKernel(types: EventType[], listener: (event: KernelEvent) => void): () => void {
  const socket = openSocket(PROTOCOL.route)
  const groups = types.flatMap(type => GROUPS[type])
  socket.listen(groups, message => {
    const event = message ? decode(message.type, message.data) : LOST
    if (event) listener(event)
  })
  return () => socket.close()
}

const LOST: KernelEvent = { type: 'lost', isRemoved: false, link: 0 }

/** Message types come in fours: new, delete, get, set. */
function decode(type: number, data: Buffer): KernelEvent | undefined {
  const kind = TYPES[(type - FIRST_TYPE) >> 2]
  if (!kind) return undefined
  const isRemoved = (type - FIRST_TYPE) % 4 === 1
  if (kind === 'route') {
    const link = decodeAttributes(data.subarray(12)).get(RTA_LINK)?.readUInt32LE(0) ?? 0
    return { type: kind, isRemoved, link }
  }
  const link = data.readInt32LE(4)
  if (kind !== 'link') return { type: kind, isRemoved, link }
  const name = decodeAttributes(data.subarray(16)).get(IFLA.name)
  return { type: kind, isRemoved, link, ...(name && { name: decodeText(name) }) }
}
