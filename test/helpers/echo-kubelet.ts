import { once } from 'node:events'
import { createServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import type { Duplex } from 'node:stream'
import { SpdySession } from '../../api/streaming/spdy/session.ts'
import type { SpdyStream } from '../../api/streaming/spdy/stream.ts'

/** The server of a kubelet whose containers say what they are told: what a command reads it writes, then it ends. */
export interface EchoKubelet {
  /** The status of a Node that has this kubelet. */
  nodeStatus: object
  stop(): Promise<void>
}

/** Starts it with a certificate (PEM) that is good for 127.0.0.1. */
export async function startEchoKubelet(pair: { key: string; cert: string }): Promise<EchoKubelet> {
  const connections = new Set<Duplex>()
  const server = createServer(pair, (_request, response) => response.writeHead(404).end())
  server.on('upgrade', (_request, socket: Duplex, head: Buffer) => {
    connections.add(socket)
    socket.write(
      'HTTP/1.1 101 Switching Protocols\r\nconnection: Upgrade\r\nupgrade: SPDY/3.1\r\nx-stream-protocol-version: v4.channel.k8s.io\r\n\r\n',
    )
    echo(new SpdySession(socket, 'server', head))
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port: Port } = server.address() as AddressInfo
  return {
    nodeStatus: {
      addresses: [{ type: 'InternalIP', address: '127.0.0.1' }],
      daemonEndpoints: { kubeletEndpoint: { Port } },
    },
    async stop() {
      for (const socket of connections) socket.destroy()
      server.closeAllConnections()
      server.close()
      await once(server, 'close')
    },
  }
}

function echo(session: SpdySession): void {
  const streams: Record<string, SpdyStream> = {}
  session.on('stream', stream => {
    streams[stream.headers.streamtype!] = stream
    const { stdin, stdout, error } = streams
    if (!stdin || !stdout || !error) return
    stdin.once('end', () => error.end()).pipe(stdout)
  })
}
