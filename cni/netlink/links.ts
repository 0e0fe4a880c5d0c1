import { type Attribute, decodeAttributes, decodeMac, decodeText, text } from './attributes.ts'
import { answers, NetlinkError } from './error.ts'
import type { Link, LinkChange, LinkRef, LinkSpec } from './link.ts'
import { decodeKind, encodeKind, encodePort } from './link-kinds.ts'
import { IFLA, linkMessage, sizeAttributes } from './link-message.ts'
import { type KernelSocket, NEW } from './socket.ts'

export interface Links {
  /** All links, or the ports of one bridge. */
  list(filter?: { master?: LinkRef }): Promise<Link[]>
  get(ref: LinkRef): Promise<Link | undefined>
  /** Makes a link; false when one of this name is there already (which is not looked at). */
  create(spec: LinkSpec): Promise<boolean>
  /** Changes a link; false when there is none. */
  set(ref: LinkRef, change: LinkChange): Promise<boolean>
  /** Takes a link away (a veth with its peer); false when there was none. */
  delete(ref: LinkRef): Promise<boolean>
  /** Its index; throws a {@link NetlinkError} ENODEV when there is none. */
  indexOf(ref: LinkRef): Promise<number>
}

const RTM = { new: 16, delete: 17, get: 18, set: 19 } as const

export function createLinks(socket: KernelSocket): Links {
  const indexOf = async (ref: LinkRef): Promise<number> => {
    if (typeof ref === 'number') return ref
    const link = await get(ref)
    if (!link) throw new NetlinkError('ENODEV', `link ${ref}`)
    return link.index
  }
  const get = async (ref: LinkRef): Promise<Link | undefined> => {
    try {
      const [message] = await socket.request(`link ${ref}`, RTM.get, 0, addressed(ref, []))
      return message && decodeLink(message)
    } catch (error) {
      if ((error as NetlinkError).code === 'ENODEV') return undefined
      throw error
    }
  }
  return {
    indexOf,
    get,
    async list({ master } = {}) {
      const messages = await socket.dump('links', RTM.get, linkMessage({}))
      const links = messages.map(decodeLink)
      if (master === undefined) return links
      const wanted = typeof master === 'number' ? master : links.find(({ name }) => name === master)?.index
      return links.filter(link => wanted !== undefined && link.master === wanted)
    },
    async create(spec) {
      const master = spec.master === undefined ? undefined : await indexOf(spec.master)
      const flags = NEW.create | NEW.exclusive
      const asked = `make ${spec.kind} ${spec.name}`
      return encodeKind(spec, indexOf, kind =>
        answers(socket.request(asked, RTM.new, flags, newLink(spec, kind, master)), 'EEXIST'),
      )
    },
    async set(ref, change) {
      const master = change.master == null ? change.master : await indexOf(change.master)
      const message = addressed(ref, changedAttributes({ ...change, master }), change.up)
      return answers(socket.request(`change link ${ref}`, RTM.new, 0, message), 'ENODEV')
    },
    delete: ref =>
      answers(socket.requestOffThread(`delete link ${ref}`, RTM.delete, 0, addressed(ref, [])), 'ENODEV'),
  }
}

function newLink(spec: LinkSpec, kind: Attribute, master: number | undefined): Buffer {
  const attributes: Attribute[] = [[IFLA.name, text(spec.name)], ...sizeAttributes(spec), kind]
  if (master !== undefined) attributes.push([IFLA.master, numberBytes(master)])
  return linkMessage({ up: spec.up }, attributes)
}

function changedAttributes(change: LinkChange & { master?: number | null | undefined }): Attribute[] {
  const { alias, name, master, port } = change
  return [
    ...sizeAttributes(change),
    ...(alias === undefined ? [] : [[IFLA.alias, Buffer.from(alias)] satisfies Attribute]),
    ...(name === undefined ? [] : [[IFLA.name, text(name)] satisfies Attribute]),
    ...(master === undefined ? [] : [[IFLA.master, numberBytes(master ?? 0)] satisfies Attribute]),
    ...(port ? [encodePort(port)] : []),
  ]
}

function numberBytes(value: number): Buffer {
  const bytes = Buffer.alloc(4)
  bytes.writeUInt32LE(value)
  return bytes
}

/** A message about the link of this name or index. */
function addressed(ref: LinkRef, attributes: Attribute[], up?: boolean): Buffer {
  if (typeof ref === 'number') return linkMessage({ index: ref, up }, attributes)
  return linkMessage({ up }, [[IFLA.name, text(ref)], ...attributes])
}

function decodeLink(message: Buffer): Link {
  const flags = message.readUInt32LE(8)
  const attributes = decodeAttributes(message.subarray(16))
  const number = (type: number): number | undefined => attributes.get(type)?.readInt32LE(0)
  const optional = {
    master: number(IFLA.master),
    link: number(IFLA.link),
    peerNamespace: number(IFLA.netnsId),
  }
  return {
    index: message.readInt32LE(4),
    name: decodeText(attributes.get(IFLA.name) ?? Buffer.alloc(0)),
    isUp: (flags & 1) !== 0,
    isRunning: (flags & 0x40) !== 0,
    isLoopback: (flags & 8) !== 0,
    mtu: number(IFLA.mtu) ?? 0,
    mac: decodeMac(attributes.get(IFLA.address) ?? Buffer.alloc(0)),
    alias: decodeText(attributes.get(IFLA.alias) ?? Buffer.alloc(0)),
    ...Object.fromEntries(Object.entries(optional).filter(([, value]) => value !== undefined)),
    ...decodeKind(attributes.get(IFLA.info)),
  }
}
