import { createServer, type Socket } from 'node:net'
import type { DnsNext } from '../../../plugins/dns.ts'
import type { Logger } from '../../../plugins/plugin.ts'
import { respond } from './respond.ts'
import type { Listener } from './udp.ts'

const IDLE_DEADLINE = 10_000
const MOST_CONNECTIONS = 1_000

/** Serves TCP: each message behind its length (RFC 7766); several on one connection, answered as they are ready. */
export async function listenTcp(
  { address, port }: { address: string; port: number },
  ask: DnsNext,
  log: Logger,
): Promise<Listener> {
  const open = new Set<Socket>()
  const server = createServer(socket => {
    open.add(socket)
    socket.once('close', () => open.delete(socket))
    serveConnection(socket, ask)
  })
  server.maxConnections = MOST_CONNECTIONS
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(port, address, resolve)
  })
  server.removeAllListeners('error')
  server.on('error', error => log.warn({ error: error.message }, 'the DNS server failed on TCP'))
  return {
    address,
    port: (server.address() as { port: number }).port,
    close() {
      for (const socket of open) socket.destroy()
      return new Promise(resolve => server.close(() => resolve()))
    },
  }
}

function serveConnection(socket: Socket, ask: DnsNext): void {
  const client = {
    address: socket.remoteAddress ?? '',
    port: socket.remotePort ?? 0,
    protocol: 'tcp' as const,
  }
  let received: Buffer = Buffer.alloc(0)
  socket.setNoDelay(true)
  socket.setTimeout(IDLE_DEADLINE, () => socket.destroy())
  socket.on('error', () => socket.destroy())
  socket.on('data', bytes => {
    received = received.length === 0 ? bytes : Buffer.concat([received, bytes])
    while (received.length >= 2 && received.length >= 2 + received.readUInt16BE(0)) {
      const end = 2 + received.readUInt16BE(0)
      const reply = respond(received.subarray(2, end), client, ask)
      received = received.subarray(end)
      if (reply instanceof Promise) void reply.then(found => write(socket, found))
      else write(socket, reply)
    }
  })
}

function write(socket: Socket, reply: Buffer | undefined): void {
  if (!reply) {
    socket.destroy()
    return
  }
  if (!socket.writable) return
  const length = Buffer.alloc(2)
  length.writeUInt16BE(reply.length)
  socket.write(Buffer.concat([length, reply]))
}
