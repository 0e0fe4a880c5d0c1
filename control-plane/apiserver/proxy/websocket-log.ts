import type { WebSocket } from 'ws'
import { badRequest } from '../../../api/meta/status.ts'
import type { ApiContext } from '../pipeline/state.ts'
import { answerOf } from './relay.ts'
import type { ConnectTarget } from './target.ts'
import { acceptWebSocket } from './websocket-accept.ts'
import { offeredProtocols } from './websocket-request.ts'

const PROTOCOLS = ['binary.k8s.io', 'base64.binary.k8s.io']
/** Bytes that may wait for a slow reader before the kubelet is not read on. */
const MOST_UNREAD = 1 << 20

/**
 * `pods/log` over a WebSocket, which is how programs in browsers follow it: each piece of text is a binary message, or one in
 * base64. The first message is empty: it says that the log is open.
 * @throws StatusError 400 for other sub-protocols, and what the kubelet refuses, while the connection is still HTTP's
 */
export async function streamLog(ctx: ApiContext, target: ConnectTarget): Promise<void> {
  const protocol = chooseProtocol(ctx)
  const gone = new AbortController()
  const answer = await answerOf(ctx, target, gone.signal)
  const webSocket = await acceptWebSocket(ctx, protocol).catch(error => {
    gone.abort()
    throw error
  })
  webSocket.once('close', () => gone.abort())
  webSocket.resume()
  const encode = (bytes: Buffer): Buffer | string =>
    protocol === 'base64.binary.k8s.io' ? bytes.toString('base64') : bytes
  webSocket.send(encode(Buffer.alloc(0)))
  try {
    for await (const bytes of answer) await send(webSocket, encode(bytes))
  } catch (error) {
    if (!gone.signal.aborted) throw error
  } finally {
    webSocket.close(1000)
  }
}

function chooseProtocol(ctx: ApiContext): string | undefined {
  const offered = offeredProtocols(ctx)
  const chosen = offered.find(name => PROTOCOLS.includes(name))
  if (offered.length === 0 || chosen) return chosen
  const wanted = `[${offered.join(' ')}]`
  throw badRequest(`requested protocol(s) are not supported: ${wanted}; supports [${PROTOCOLS.join(' ')}]`)
}

/** Resolves when there is room for more, or nobody to read it. */
function send(webSocket: WebSocket, message: Buffer | string): Promise<void> {
  const isSlow = webSocket.bufferedAmount > MOST_UNREAD
  return new Promise(resolve => {
    webSocket.send(message, () => resolve())
    if (!isSlow) resolve()
  })
}
