import { constants } from 'node:os'
import { setTimeout as sleep } from 'node:timers/promises'
import { getSystemErrorName } from 'node:util'
import { NetlinkSocket } from 'netlink/dist/netlink.js'
import { RawNetlinkSocket } from 'netlink/dist/raw.js'
import type { NetlinkMessage } from 'netlink/dist/structs.js'
import { NetlinkError } from './error.ts'
import { inNamespace } from './namespace.ts'
import { requestOffThread } from './off-thread.ts'

export type { NetlinkMessage }

/** Netlink protocols we speak. */
export const PROTOCOL = { route: 0, generic: 16 } as const

/** Modifiers of a request that makes something. */
export const NEW = { replace: 0x100, exclusive: 0x200, create: 0x400, append: 0x800 } as const

const ERROR = 2
const DUMP = 0x300
const DUMP_INTERRUPTED = 0x10
const DEADLINE = 5_000
/** A table that changes while it is read is read again; one that always changes is told as an error. */
const DUMP_TRIES = 8
const AGAIN = ['EINTR', 'EBUSY', 'EAGAIN']

/** One socket to the kernel. Requests go one after the other: the kernel does one dump at a time per socket. */
export interface KernelSocket {
  /** Sends a request; its answers, none when the kernel only says yes. `asked` names it in errors. */
  request(asked: string, type: number, flags: number, payload: Buffer): Promise<Buffer[]>
  /** Like {@link request}, for what the kernel takes long for; answered by yes or an error alone. */
  requestOffThread(asked: string, type: number, flags: number, payload: Buffer): Promise<void>
  /** Reads a whole table, again where it changed meanwhile. */
  dump(asked: string, type: number, payload: Buffer): Promise<Buffer[]>
  /** Joins a multicast group; what comes is given to the listener. `undefined`: messages were lost. */
  listen(groups: number[], listener: (message: NetlinkMessage | undefined) => void): void
  close(): void
}

/** Opens a socket here or, with a path, in another network namespace, where it then stays. */
export function openSocket(protocol: number, netns?: string): KernelSocket {
  const open = (): CheckedSocket => new CheckedSocket(new RawNetlinkSocket(protocol))
  const socket = netns === undefined ? open() : inNamespace(netns, open)
  let last: Promise<unknown> = Promise.resolve()
  let isClosed = false
  const inTurn = <T>(work: () => Promise<T>): Promise<T> => {
    const turn = last.then(work, work)
    last = turn.catch(() => {})
    return turn
  }
  // Without a listener a late error of the socket (ENOBUFS) would end the process.
  socket.on('error', () => {})
  return {
    request: (asked, type, flags, payload) => inTurn(() => ask(socket, asked, type, flags, payload)),
    requestOffThread: (asked, type, flags, payload) => {
      const send = (): Promise<void> => requestOffThread(protocol, asked, type, flags, payload)
      return netns === undefined ? send() : inNamespace(netns, send)
    },
    dump: (asked, type, payload) => inTurn(() => readTable(socket, asked, type, payload)),
    listen(groups, listener) {
      socket.on('message', messages => messages.forEach(listener))
      socket.on('error', () => listener(undefined))
      for (const group of groups) socket.addMembership(group)
      socket.ref()
    },
    close() {
      if (!isClosed) socket.close()
      isClosed = true
    },
  }
}

/** The package drops a dump's closing message; what that says (an error, an interruption) is put in its place. */
class CheckedSocket extends NetlinkSocket {
  protected override emitMessage(message: NetlinkMessage | NetlinkMessage[], info: never): unknown {
    const done = Array.isArray(message) ? message.at(-1) : undefined
    const errno = done ? faultOf(message as NetlinkMessage[], done) : 0
    if (!done || errno === 0) return super.emitMessage(message, info)
    return super.emitMessage([errorMessage(done, errno), done], info)
  }
}

function faultOf(messages: NetlinkMessage[], done: NetlinkMessage): number {
  if (messages.some(({ flags }) => flags & DUMP_INTERRUPTED)) return -constants.errno.EINTR
  return done.data.length >= 4 ? Math.min(0, done.data.readInt32LE(0)) : 0
}

function errorMessage(done: NetlinkMessage, errno: number): NetlinkMessage {
  const data = Buffer.alloc(20)
  data.writeInt32LE(errno)
  return { ...done, type: ERROR, flags: 0, data }
}

async function ask(
  socket: CheckedSocket,
  asked: string,
  type: number,
  flags: number,
  payload: Buffer,
): Promise<Buffer[]> {
  const [messages] = await socket
    .request(type, payload, { flags, checkError: false, timeout: DEADLINE })
    .catch(cause => {
      throw new NetlinkError(codeOf(cause), asked, { cause })
    })
  const [first] = messages
  if (first?.type !== ERROR) return messages.map(({ data }) => data)
  const errno = first.data.readInt32LE(0)
  if (errno !== 0) throw new NetlinkError(getSystemErrorName(errno), asked)
  return []
}

async function readTable(
  socket: CheckedSocket,
  asked: string,
  type: number,
  payload: Buffer,
): Promise<Buffer[]> {
  for (let tries = 1; ; tries++) {
    try {
      return await ask(socket, asked, type, DUMP, payload)
    } catch (error) {
      if (tries === DUMP_TRIES || !AGAIN.includes((error as NetlinkError).code)) throw error
      await sleep(tries)
    }
  }
}

const codeOf = ({ code, message }: NodeJS.ErrnoException): string =>
  code ?? (message.startsWith('Timeout') ? 'ETIMEDOUT' : 'EIO')
