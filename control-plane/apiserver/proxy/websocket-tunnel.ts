import { createWebSocketStream } from 'ws'
import { joinStreams, requestUpgrade } from '../../../api/streaming/upgrade.ts'
import type { ApiContext } from '../pipeline/state.ts'
import { readRefusal } from './relay.ts'
import type { ConnectTarget } from './target.ts'
import { acceptWebSocket } from './websocket-accept.ts'

/**
 * `portforward` inside a WebSocket (KEP-4006): its messages carry the bytes of the SPDY connection with the kubelet, so
 * that they pass proxies that know no SPDY. Nothing is accepted before the kubelet has agreed.
 */
export async function tunnelSpdy(ctx: ApiContext, target: ConnectTarget): Promise<void> {
  const headers = {
    connection: 'Upgrade',
    upgrade: 'SPDY/3.1',
    'x-stream-protocol-version': 'portforward.k8s.io',
  }
  const { answer, taken } = await requestUpgrade({ ...target, method: 'POST', headers }).catch(
    target.unreachable,
  )
  if (!taken) throw await readRefusal(answer)
  const webSocket = await acceptWebSocket(ctx, 'SPDY/3.1+portforward.k8s.io').catch(error => {
    taken.socket.destroy()
    throw error
  })
  if (taken.head.length > 0) taken.socket.unshift(taken.head)
  const stream = createWebSocketStream(webSocket)
  webSocket.resume()
  await joinStreams(stream, taken.socket)
}
