import type { WebSocket } from 'ws'
import { upgradeOf } from '../http-server.ts'
import { drained } from '../pipeline/respond.ts'
import type { ApiContext } from '../pipeline/state.ts'
import { acceptWebSocket } from '../proxy/websocket-accept.ts'
import { offeredProtocols } from '../proxy/websocket-request.ts'
import type { WatchSink } from './watch.ts'

const NEWLINE = 10
/** A reader that leaves so many bytes unread is cut off. */
const MOST_UNREAD = 8 << 20

/**
 * The sink that is a WebSocket, which is how programs in browsers watch: each event is a message of text. It ends after so
 * many seconds or when the client goes.
 */
export async function webSocketSink(ctx: ApiContext, seconds: number): Promise<WatchSink> {
  const [protocol] = offeredProtocols(ctx)
  const { socket } = upgradeOf(ctx.req)!
  const webSocket = await acceptWebSocket(ctx, protocol)
  const gone = new AbortController()
  const lasts = Math.min(seconds * 1000, 2 ** 31 - 1)
  const timer = setTimeout(() => gone.abort(), lasts)
  webSocket.once('close', () => {
    clearTimeout(timer)
    gone.abort()
  })
  webSocket.resume()
  return {
    signal: gone.signal,
    deadline: Date.now() + lasts,
    async send(lines) {
      sendLines(webSocket, lines)
      while (socket.writableNeedDrain && !gone.signal.aborted) await drained(socket)
    },
    push(lines) {
      sendLines(webSocket, lines)
      if (webSocket.bufferedAmount > MOST_UNREAD) webSocket.terminate()
    },
    end() {
      clearTimeout(timer)
      webSocket.close(1000)
    },
  }
}

/** Events come as lines, often several at once. */
function sendLines(webSocket: WebSocket, lines: Buffer): void {
  if (webSocket.readyState !== webSocket.OPEN) return
  let from = 0
  for (let end = lines.indexOf(NEWLINE); end >= 0; end = lines.indexOf(NEWLINE, from)) {
    webSocket.send(lines.subarray(from, end), { binary: false })
    from = end + 1
  }
}
