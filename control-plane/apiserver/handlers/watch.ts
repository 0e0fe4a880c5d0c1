import { notAcceptable } from '../../../api/meta/status.ts'
import type { StorePlugin } from '../../../plugins/store.ts'
import type { Resource } from '../kind-registry.ts'
import { commonHeaders, drained, JSON_TYPE } from '../pipeline/respond.ts'
import type { ApiContext } from '../pipeline/state.ts'
import { wantsWebSocket } from '../proxy/websocket-request.ts'
import { watchEncoder } from '../representation/send.ts'
import { openWatch, type WatchSink } from '../watch/watch.ts'
import { boolean, integer, listOptions } from './options.ts'

/** Watches without timeoutSeconds end after 30 to 60 minutes, spread so that not all come back at once. */
const SHORTEST = 30 * 60

/** A watcher that leaves so many bytes unread is cut off: it must not make the server keep them. */
const MOST_UNREAD = 8 << 20

export async function watchHandler(ctx: ApiContext, store: StorePlugin, resource: Resource): Promise<void> {
  const { query } = ctx.state.info
  const { type, encoder } = await watchEncoder(ctx, resource.kind)
  const run = await openWatch(store, resource, {
    ...listOptions(ctx),
    allowWatchBookmarks: boolean(query, 'allowWatchBookmarks'),
    encoder,
    initialized: ctx.state.initialized,
  })
  const seconds = integer(query, 'timeoutSeconds') || SHORTEST * (1 + Math.random())
  if (wantsWebSocket(ctx)) {
    if (!type.startsWith(JSON_TYPE)) throw notAcceptable([JSON_TYPE])
    const { webSocketSink } = await import('../watch/websocket-sink.ts')
    return await run(await webSocketSink(ctx, seconds))
  }
  const { res } = ctx
  const headers = commonHeaders(ctx, type)
  res.writeHead(200, ctx.req.httpVersionMajor < 2 ? { ...headers, 'transfer-encoding': 'chunked' } : headers)
  res.flushHeaders()
  await run(responseSink(ctx, seconds))
}

/**
 * Writes an event. Over HTTP/1.1 the chunk is made here, once for all watchers that are sent the same lines, and goes
 * straight to the connection: Node would make it of three writes for each of them.
 */
function writeNow(res: ApiContext['res'], lines: Buffer): void {
  const { socket } = res
  if (res.req.httpVersionMajor > 1 || !socket || res.writableEnded) res.write(lines)
  else socket.write(chunkOf(lines))
}

const latest: { lines: Buffer | undefined; chunk: Buffer } = { lines: undefined, chunk: Buffer.alloc(0) }

function chunkOf(lines: Buffer): Buffer {
  if (latest.lines !== lines) {
    latest.lines = lines
    latest.chunk = Buffer.concat([Buffer.from(`${lines.length.toString(16)}\r\n`), lines, CRLF])
  }
  return latest.chunk
}

const CRLF = Buffer.from('\r\n')

/** The sink that is an HTTP response; it ends after so many seconds or when the client goes. */
function responseSink({ res }: ApiContext, seconds: number): WatchSink {
  const gone = new AbortController()
  const lasts = Math.min(seconds * 1000, 2 ** 31 - 1)
  const timer = setTimeout(() => gone.abort(), lasts)
  res.once('close', () => {
    clearTimeout(timer)
    gone.abort()
  })
  return {
    signal: gone.signal,
    deadline: Date.now() + lasts,
    async send(lines) {
      if (!res.destroyed && !res.write(lines)) await drained(res)
    },
    push(lines) {
      if (res.destroyed) return
      writeNow(res, lines)
      if (res.writableLength > MOST_UNREAD) res.destroy()
    },
    end() {
      clearTimeout(timer)
      res.end()
    },
  }
}
