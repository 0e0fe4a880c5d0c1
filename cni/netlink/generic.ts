import { type Attribute, decodeAttributes, encodeAttributes, text } from './attributes.ts'
import { NetlinkError } from './error.ts'
import { openSocket, PROTOCOL } from './socket.ts'

/** One family of generic netlink, such as `IPVS` or `ethtool`. Attributes and commands are the family's own. */
export interface GenericNetlink {
  /** Sends a command; the attributes of each answer. Rejects with a {@link NetlinkError}. */
  request(command: number, attributes?: Attribute[], flags?: number): Promise<Map<number, Buffer>[]>
  /** Reads a whole table, again where it changed meanwhile. */
  dump(command: number, attributes?: Attribute[]): Promise<Map<number, Buffer>[]>
  close(): void
}

const CONTROL = 16
const GET_FAMILY = 3
const FAMILY = { id: 1, name: 2 } as const
const HEADER = 4

/** Opens a family; undefined where the kernel does not have it. */
export async function openGeneric(
  family: string,
  { version = 1, netns }: { version?: number; netns?: string } = {},
): Promise<GenericNetlink | undefined> {
  const socket = openSocket(PROTOCOL.generic, netns)
  try {
    const question = message(GET_FAMILY, 1, [[FAMILY.name, text(family)]])
    const [answer] = await socket.request(`generic netlink ${family}`, CONTROL, 0, question)
    const id = decodeAttributes(answer!.subarray(HEADER)).get(FAMILY.id)!.readUInt16LE(0)
    const decode = (messages: Buffer[]) => messages.map(bytes => decodeAttributes(bytes.subarray(HEADER)))
    const name = (command: number): string => `${family} command ${command}`
    return {
      request: async (command, attributes = [], flags = 0) =>
        decode(await socket.request(name(command), id, flags, message(command, version, attributes))),
      dump: async (command, attributes = []) =>
        decode(await socket.dump(name(command), id, message(command, version, attributes))),
      close: () => socket.close(),
    }
  } catch (error) {
    socket.close()
    if (error instanceof NetlinkError && error.code === 'ENOENT') return undefined
    throw error
  }
}

const message = (command: number, version: number, attributes: Attribute[]): Buffer =>
  Buffer.concat([Buffer.of(command, version, 0, 0), encodeAttributes(attributes)])
