import { once } from 'node:events'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { createServer, type Server } from 'node:https'
import type { AddressInfo } from 'node:net'
import { networkInterfaces } from 'node:os'
import { createAuthority, issueCertificate } from '../../control-plane/auth/certificates.ts'

/** An HTTPS server of this machine with an authority of its own. */
export interface TlsServer {
  server: Server
  port: number
  url: string
  /** An address that is not the loopback's, for endpoints of Services. */
  address: string
  /** PEM in base64, as `caBundle` has it. */
  caBundle: string
  stop(): Promise<void>
}

export interface TlsServerOptions {
  /** Further names of its certificate. */
  names?: string[]
  /** Authority of the client certificates that are asked for. */
  clientCa?: string
}

/** Starts an HTTPS server whose certificate is good for 127.0.0.1 and the names given. */
export async function startTlsServer(
  handle: (request: IncomingMessage, response: ServerResponse) => void,
  { names = [], clientCa }: TlsServerOptions = {},
): Promise<TlsServer> {
  const ca = await createAuthority('test authority', 2)
  const sans = { dns: ['localhost', ...names], addresses: ['127.0.0.1'] }
  const pair = await issueCertificate({ commonName: 'test', usage: 'server', sans, ca, days: 1 })
  const clients = clientCa ? { ca: clientCa, requestCert: true, rejectUnauthorized: false } : {}
  const server = createServer({ ...pair, ...clients }, handle)
  server.listen(0, '0.0.0.0')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  return {
    server,
    port,
    url: `https://127.0.0.1:${port}`,
    address: ownAddress(),
    caBundle: Buffer.from(ca.cert).toString('base64'),
    async stop() {
      server.closeAllConnections()
      server.close()
      await once(server, 'close')
    },
  }
}

function ownAddress(): string {
  const addresses = Object.values(networkInterfaces()).flatMap(list => list ?? [])
  return addresses.find(({ family, internal }) => family === 'IPv4' && !internal)?.address ?? '127.0.0.1'
}
