import type { Readable } from 'node:stream'
import type { RawData, WebSocket } from 'ws'
import { internalError, isStatusError } from '../../../api/meta/status.ts'
import { SpdySession } from '../../../api/streaming/spdy/session.ts'
import type { SpdyStream } from '../../../api/streaming/spdy/stream.ts'
import { requestUpgrade } from '../../../api/streaming/upgrade.ts'
import { isTrue } from '../pipeline/request-info.ts'
import type { ApiContext } from '../pipeline/state.ts'
import { readRefusal } from './relay.ts'
import type { ConnectTarget } from './target.ts'
import { acceptWebSocket } from './websocket-accept.ts'

/** The first byte of a message says what it belongs to; 255 closes the channel that the second byte names. */
const CHANNELS = { stdin: 0, stdout: 1, stderr: 2, error: 3, resize: 4, close: 255 } as const
type ChannelName = Exclude<keyof typeof CHANNELS, 'close'>
type Streams = Partial<Record<ChannelName, SpdyStream>>

const SUCCESS = { metadata: {}, status: 'Success' }

/**
 * `exec` and `attach` over a WebSocket with `v5.channel.k8s.io` (KEP-4006): its channels become the streams of a SPDY
 * connection with the kubelet, which speaks `v4.channel.k8s.io`. Faults after the WebSocket stands go over its error
 * channel, as a Status.
 */
export async function translateChannels(ctx: ApiContext, target: ConnectTarget): Promise<void> {
  const webSocket = await acceptWebSocket(ctx, 'v5.channel.k8s.io')
  try {
    await translate(webSocket, target, wantedStreams(ctx.state.info.query))
  } catch (error) {
    const { status } = isStatusError(error) ? error : internalError((error as Error).message)
    await send(webSocket, CHANNELS.error, Buffer.from(JSON.stringify(status))).catch(() => {})
  } finally {
    webSocket.close(1000)
  }
}

function wantedStreams(query: URLSearchParams): ChannelName[] {
  const wants = (name: string): boolean => isTrue(query.get(name))
  const names: ChannelName[] = ['error']
  if (wants('stdin')) names.push('stdin')
  if (wants('stdout')) names.push('stdout')
  if (wants('stderr') && !wants('tty')) names.push('stderr')
  if (wants('tty')) names.push('resize')
  return names
}

async function translate(webSocket: WebSocket, target: ConnectTarget, names: ChannelName[]): Promise<void> {
  const session = await openSession(target)
  webSocket.once('close', () => session.close())
  try {
    const streams: Streams = {}
    for (const name of names) streams[name] = await session.openStream({ streamType: name })
    takeMessages(webSocket, streams)
    streams.resize?.resume()
    streams.stdin?.resume()
    const [said] = await Promise.all([
      passOn(webSocket, 'error', streams.error!),
      streams.stdout && passOn(webSocket, 'stdout', streams.stdout),
      streams.stderr && passOn(webSocket, 'stderr', streams.stderr),
    ])
    if (!said) await send(webSocket, CHANNELS.error, Buffer.from(JSON.stringify(SUCCESS)))
  } finally {
    session.close()
  }
}

async function openSession(target: ConnectTarget): Promise<SpdySession> {
  const headers = {
    connection: 'Upgrade',
    upgrade: 'SPDY/3.1',
    'x-stream-protocol-version': 'v4.channel.k8s.io',
  }
  const { answer, taken } = await requestUpgrade({ ...target, method: 'POST', headers }).catch(
    target.unreachable,
  )
  if (taken) return new SpdySession(taken.socket, 'client', taken.head)
  const { status } = await readRefusal(answer)
  throw internalError(`unable to upgrade connection: ${status.message}`)
}

/** Sends what a stream says on its channel, at the pace the client reads; true when it said anything. */
async function passOn(webSocket: WebSocket, name: ChannelName, stream: Readable): Promise<boolean> {
  let said = false
  for await (const chunk of stream) {
    await send(webSocket, CHANNELS[name], chunk)
    said = true
  }
  return said
}

function send(webSocket: WebSocket, channel: number, data: Buffer): Promise<void> {
  return new Promise((resolve, reject) => {
    webSocket.send(Buffer.concat([Buffer.of(channel), data]), { binary: true }, error =>
      error ? reject(error) : resolve(),
    )
  })
}

/** Writes what the client says to the streams; does not read on while one of them is behind. */
function takeMessages(webSocket: WebSocket, { stdin, resize }: Streams): void {
  const inputs: Record<number, SpdyStream | undefined> = {
    [CHANNELS.stdin]: stdin,
    [CHANNELS.resize]: resize,
  }
  webSocket.on('message', (message: RawData) => {
    const bytes = message as Buffer
    if (bytes[0] === CHANNELS.close) inputs[bytes[1] ?? -1]?.end()
    const stream = inputs[bytes[0] ?? -1]
    if (bytes.length < 2 || !stream?.writable || stream.write(bytes.subarray(1))) return
    webSocket.pause()
    stream.once('drain', () => webSocket.resume())
  })
  webSocket.resume()
}
