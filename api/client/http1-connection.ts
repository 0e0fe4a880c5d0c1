import { Agent as HttpAgent, request as httpRequest } from 'node:http'
import { Agent, request as httpsRequest } from 'node:https'
import type { Connection, TlsIdentity } from './connection.ts'

/** Finds out that a peer was switched off while a stream is idle. Milliseconds. */
const TCP_KEEPALIVE = 10_000

/** HTTP/1.1 over as many kept connections as there are requests at once. */
export function http1Connection(url: URL, identity: TlsIdentity): Connection {
  const isTls = url.protocol === 'https:'
  const shared = { keepAlive: true, keepAliveMsecs: TCP_KEEPALIVE }
  const agent = isTls ? new Agent({ ...shared, ...identity }) : new HttpAgent(shared)
  const request = isTls ? httpsRequest : httpRequest
  const hostname = url.hostname.replace(/^\[|\]$/g, '')
  return {
    call: ({ method, path, headers, body, signal }) =>
      new Promise((resolve, reject) => {
        const options = { agent, hostname, port: url.port, method, path, headers, ...(signal && { signal }) }
        const sent = request(options, response => resolve({ status: response.statusCode!, body: response }))
        sent.on('error', reject)
        sent.end(body)
      }),
    close: () => agent.destroy(),
  }
}
