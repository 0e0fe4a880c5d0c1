import { type WebSocket, WebSocketServer } from 'ws'
import { upgradeOf } from '../http-server.ts'
import type { ApiContext } from '../pipeline/state.ts'

/** Largest message taken from a client (bytes). */
const MOST_BYTES = 4 * 1024 * 1024

/**
 * Takes a request's connection over as a WebSocket, with the sub-protocol given, which the client has offered, or none. It
 * is paused: nothing is lost before there are listeners; `resume()` it then.
 */
export function acceptWebSocket(ctx: ApiContext, protocol?: string): Promise<WebSocket> {
  const { socket, head } = upgradeOf(ctx.req)!
  const server = new WebSocketServer({ noServer: true, maxPayload: MOST_BYTES })
  // Not by handleProtocols: the library refuses names with a slash, and one of Kubernetes' has one.
  delete ctx.req.headers['sec-websocket-protocol']
  if (protocol) server.on('headers', headers => headers.push(`Sec-WebSocket-Protocol: ${protocol}`))
  return new Promise((resolve, reject) => {
    socket.once('close', () => reject(new Error('the client closed the connection')))
    server.handleUpgrade(ctx.req, socket, head, webSocket => {
      webSocket.pause()
      webSocket.on('error', () => webSocket.terminate())
      resolve(webSocket)
    })
  })
}
