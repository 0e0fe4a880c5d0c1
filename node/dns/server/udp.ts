import { createSocket } from 'node:dgram'
import { isIPv6 } from 'node:net'
import type { DnsNext } from '../../../plugins/dns.ts'
import type { Logger } from '../../../plugins/plugin.ts'
import { respond } from './respond.ts'

const BUFFER = 1 << 20

/** Where a listener is bound; the port is the real one when 0 was asked for. */
export interface Listener {
  address: string
  port: number
  close(): Promise<void>
}

/** Serves UDP. A reply that needs nobody else's time is sent in the turn of the event loop its query came in. */
export async function listenUdp(
  { address, port }: { address: string; port: number },
  ask: DnsNext,
  log: Logger,
): Promise<Listener> {
  const socket = createSocket({ type: isIPv6(address) ? 'udp6' : 'udp4', recvBufferSize: BUFFER })
  socket.on('message', (message, peer) => {
    const client = { address: peer.address, port: peer.port, protocol: 'udp' as const }
    const reply = respond(message, client, ask)
    if (reply instanceof Promise) void reply.then(bytes => send(bytes, peer))
    else send(reply, peer)
  })
  const send = (bytes: Buffer | undefined, peer: { address: string; port: number }): void => {
    if (bytes && !isClosed) socket.send(bytes, peer.port, peer.address, ignore)
  }
  let isClosed = false
  await new Promise<void>((resolve, reject) => {
    socket.once('error', reject)
    socket.bind({ address, port }, resolve)
  })
  socket.removeAllListeners('error')
  socket.on('error', error => log.warn({ error: error.message }, 'a DNS socket failed'))
  return {
    address,
    port: socket.address().port,
    close() {
      isClosed = true
      return new Promise(resolve => socket.close(() => resolve()))
    },
  }
}

/** A client that is gone is no error of ours. */
const ignore = (): void => {}
