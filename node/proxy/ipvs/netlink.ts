import {
  type Attribute,
  decodeAddress,
  decodeAttributes,
  encodeAddress,
  familyOf,
  text,
  u16,
  u16be,
  u32,
} from '../../../cni/netlink/attributes.ts'
import { openGeneric } from '../../../cni/netlink/generic.ts'

/** A virtual server of the kernel. */
export interface VirtualServer {
  protocol: 'TCP' | 'UDP' | 'SCTP'
  address: string
  port: number
  /** Seconds a client stays with its destination; absent without affinity. */
  affinityTimeout?: number
}

/** Where a virtual server sends. Weight 0 takes no new connections. */
export interface Destination {
  address: string
  port: number
  weight: number
}

/** A destination as the kernel has it. */
export interface ListedDestination extends Destination {
  /** Open and closing connections. */
  connections: number
}

/** The kernel's IPVS table (linux/ip_vs.h). Calls reject with a `NetlinkError`. */
export interface Ipvs {
  listServers(): Promise<VirtualServer[]>
  listDestinations(server: VirtualServer): Promise<ListedDestination[]>
  setServer(server: VirtualServer, isNew: boolean): Promise<void>
  deleteServer(server: VirtualServer): Promise<void>
  setDestination(server: VirtualServer, destination: Destination, isNew: boolean): Promise<void>
  deleteDestination(server: VirtualServer, destination: Destination): Promise<void>
  close(): void
}

/** The kernel has no IPVS. */
export class IpvsMissingError extends Error {
  readonly code = 'IPVS_MISSING'
}

const COMMAND = {
  newServer: 1,
  setServer: 2,
  deleteServer: 3,
  getServer: 4,
  newDest: 5,
  setDest: 6,
  deleteDest: 7,
  getDest: 8,
}
const SERVER = {
  nest: 1,
  family: 1,
  protocol: 2,
  address: 3,
  port: 4,
  scheduler: 6,
  flags: 7,
  timeout: 8,
  netmask: 9,
}
const DEST = {
  nest: 2,
  address: 1,
  port: 2,
  method: 3,
  weight: 4,
  upper: 5,
  lower: 6,
  active: 7,
  inactive: 8,
  family: 11,
}
const PROTOCOLS = { TCP: 6, UDP: 17, SCTP: 132 }
const PERSISTENT = 0x1
const MASQUERADE = 0
const AF_INET = 2

/** Opens the kernel's table in the network namespace of the process. */
export async function openIpvs(): Promise<Ipvs> {
  const kernel = await openGeneric('IPVS')
  if (!kernel) throw new IpvsMissingError('the kernel has no IPVS; load it with: modprobe ip_vs')
  const change = async (command: number, members: Attribute[]): Promise<void> => {
    await kernel.request(command, members)
  }
  return {
    async listServers() {
      const replies = await kernel.dump(COMMAND.getServer)
      return replies.flatMap(reply => readServer(reply.get(SERVER.nest)))
    },
    async listDestinations(server) {
      const replies = await kernel.dump(COMMAND.getDest, [serverKey(server)])
      return replies.flatMap(reply => readDestination(reply.get(DEST.nest), server))
    },
    setServer: (server, isNew) =>
      change(isNew ? COMMAND.newServer : COMMAND.setServer, [serverFacts(server)]),
    deleteServer: server => change(COMMAND.deleteServer, [serverKey(server)]),
    setDestination: (server, destination, isNew) =>
      change(isNew ? COMMAND.newDest : COMMAND.setDest, [serverKey(server), destinationFacts(destination)]),
    deleteDestination: (server, destination) =>
      change(COMMAND.deleteDest, [serverKey(server), destinationFacts(destination)]),
    close: () => kernel.close(),
  }
}

/** Always 16 bytes; IPv4 takes the first four. */
function addressBytes(address: string): Buffer {
  const bytes = Buffer.alloc(16)
  encodeAddress(address).copy(bytes)
  return bytes
}

const readAddress = (bytes: Buffer, family: number): string =>
  decodeAddress(family === AF_INET ? bytes.subarray(0, 4) : bytes)

function keyMembers({ protocol, address, port }: VirtualServer): Attribute[] {
  return [
    [SERVER.family, u16(familyOf(address))],
    [SERVER.protocol, u16(PROTOCOLS[protocol])],
    [SERVER.address, addressBytes(address)],
    [SERVER.port, u16be(port)],
  ]
}

const serverKey = (server: VirtualServer): Attribute => [SERVER.nest, keyMembers(server)]

function serverFacts(server: VirtualServer): Attribute {
  const flags = Buffer.alloc(8)
  flags.writeUInt32LE(server.affinityTimeout === undefined ? 0 : PERSISTENT, 0)
  flags.writeUInt32LE(0xffffffff, 4)
  return [
    SERVER.nest,
    [
      ...keyMembers(server),
      [SERVER.scheduler, text('rr')],
      [SERVER.flags, flags],
      [SERVER.timeout, u32(server.affinityTimeout ?? 0)],
      [SERVER.netmask, u32(familyOf(server.address) === AF_INET ? 0xffffffff : 128)],
    ],
  ]
}

function destinationFacts({ address, port, weight }: Destination): Attribute {
  return [
    DEST.nest,
    [
      [DEST.address, addressBytes(address)],
      [DEST.port, u16be(port)],
      [DEST.method, u32(MASQUERADE)],
      [DEST.weight, u32(weight)],
      [DEST.upper, u32(0)],
      [DEST.lower, u32(0)],
      [DEST.family, u16(familyOf(address))],
    ],
  ]
}

function readServer(bytes: Buffer | undefined): VirtualServer[] {
  const facts = decodeAttributes(bytes ?? Buffer.alloc(0))
  const address = facts.get(SERVER.address)
  if (!address) return []
  const number = facts.get(SERVER.protocol)!.readUInt16LE(0)
  const protocol = (Object.keys(PROTOCOLS) as (keyof typeof PROTOCOLS)[]).find(
    name => PROTOCOLS[name] === number,
  )
  if (!protocol) return []
  const isPersistent = (facts.get(SERVER.flags)!.readUInt32LE(0) & PERSISTENT) !== 0
  return [
    {
      protocol,
      address: readAddress(address, facts.get(SERVER.family)!.readUInt16LE(0)),
      port: facts.get(SERVER.port)!.readUInt16BE(0),
      ...(isPersistent && { affinityTimeout: facts.get(SERVER.timeout)!.readUInt32LE(0) }),
    },
  ]
}

function readDestination(bytes: Buffer | undefined, server: VirtualServer): ListedDestination[] {
  const facts = decodeAttributes(bytes ?? Buffer.alloc(0))
  const address = facts.get(DEST.address)
  if (!address) return []
  const count = (type: number): number => facts.get(type)?.readUInt32LE(0) ?? 0
  const family = facts.get(DEST.family)?.readUInt16LE(0) ?? familyOf(server.address)
  return [
    {
      address: readAddress(address, family),
      port: facts.get(DEST.port)!.readUInt16BE(0),
      weight: count(DEST.weight),
      connections: count(DEST.active) + count(DEST.inactive),
    },
  ]
}
