import { createRequire } from 'node:module'
import { getSystemErrorName, promisify } from 'node:util'
import { NetlinkError } from './error.ts'

/**
 * Requests the kernel takes long for: it works while the message is being sent (deleting a link waits until every CPU
 * has let go of it, 10 to 20 ms), which would hold up the event loop. Here a thread of the pool sends it.
 */

const AF_NETLINK = 16
const SOCK_RAW_CLOEXEC = 0x80003
const DONT_WAIT = 0x40
const HEADER = 16
const REQUEST = 0x1
const ACK = 0x4

interface Calls {
  socket(family: number, type: number, protocol: number): number
  send(fd: number, bytes: Buffer, length: number, flags: number): Promise<number>
  receive(fd: number, bytes: Buffer, length: number, flags: number): number
  close(fd: number): number
}

let loaded: Calls | undefined

function load(): Calls {
  if (!loaded) {
    const koffi = createRequire(import.meta.url)('koffi') as typeof import('koffi')
    const libc = koffi.load(null)
    const send = libc.func('long send(int fd, void *bytes, unsigned long length, int flags)')
    loaded = {
      socket: libc.func('int socket(int family, int type, int protocol)') as unknown as Calls['socket'],
      send: promisify(send.async.bind(send)) as unknown as Calls['send'],
      receive: libc.func(
        'long recv(int fd, _Out_ void *bytes, unsigned long length, int flags)',
      ) as unknown as Calls['receive'],
      close: libc.func('int close(int fd)') as unknown as Calls['close'],
    }
  }
  return loaded
}

/** Sends one request that is answered by yes or an error, in the namespace the calling thread is in now. */
export async function requestOffThread(
  protocol: number,
  asked: string,
  type: number,
  flags: number,
  payload: Buffer,
): Promise<void> {
  const { socket, send, receive, close } = load()
  const fd = socket(AF_NETLINK, SOCK_RAW_CLOEXEC, protocol)
  if (fd < 0) throw new NetlinkError('EMFILE', asked)
  try {
    const request = message(type, flags | REQUEST | ACK, payload)
    if ((await send(fd, request, request.length, 0)) !== request.length) throw new NetlinkError('EIO', asked)
    const answer = Buffer.alloc(HEADER + 4 + request.length + HEADER)
    // The kernel answers before it lets the sender go.
    if (receive(fd, answer, answer.length, DONT_WAIT) < HEADER + 4) throw new NetlinkError('ETIMEDOUT', asked)
    const errno = answer.readInt32LE(HEADER)
    if (errno !== 0) throw new NetlinkError(getSystemErrorName(errno), asked)
  } finally {
    close(fd)
  }
}

/** `struct nlmsghdr` and payload. */
function message(type: number, flags: number, payload: Buffer): Buffer {
  const header = Buffer.alloc(HEADER)
  header.writeUInt32LE(HEADER + payload.length, 0)
  header.writeUInt16LE(type, 4)
  header.writeUInt16LE(flags, 6)
  header.writeUInt32LE(1, 8)
  return Buffer.concat([header, payload])
}
