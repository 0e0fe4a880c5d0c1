import { status } from '@grpc/grpc-js'
import { definePlugin } from '../../plugins/plugin.ts'
import type { RuntimeEvent } from '../../plugins/runtime.ts'
import { type Channel, CriError, openChannel } from '../channel.ts'
import { createCriClient } from '../client.ts'
import { criEvents } from './events.ts'

/** Any CRI v1 endpoint (CRI-O, a shim). Configuration: `socket`, the path of its unix socket. */
export default definePlugin({
  type: 'runtime',
  name: 'cri',
  version: '1.0.0',
  async start({ config, signal }) {
    const { socket } = config as { socket?: string }
    if (!socket) throw new Error('config.socket is not set, expected the path of a CRI v1 unix socket')
    const channel = openChannel(socket)
    signal.addEventListener('abort', () => channel.close(), { once: true })
    const runtime = createCriClient(channel)
    const { runtimeName } = await runtime.version()
    const hasEvents = await offersEvents(channel)
    return {
      name: runtimeName,
      ...runtime,
      ...(hasEvents && { events: (stop: AbortSignal) => criEvents(channel, stop) }),
    }
  },
})

/** A stream that is not refused at once is there. */
const REFUSAL = 500

async function offersEvents(channel: Channel): Promise<boolean> {
  const trial = new AbortController()
  const timer = setTimeout(() => trial.abort(), REFUSAL)
  const first: Promise<IteratorResult<RuntimeEvent>> = criEvents(channel, trial.signal).next()
  try {
    await first
    return true
  } catch (error) {
    return !(error instanceof CriError && error.code === status.UNIMPLEMENTED)
  } finally {
    clearTimeout(timer)
    trial.abort()
  }
}
