import { definePlugin } from '../../plugins/plugin.ts'
import { openChannel } from '../channel.ts'
import { createCriClient } from '../client.ts'
import { containerdEvents } from './events.ts'

const DEFAULT_SOCKET = '/run/containerd/containerd.sock'

/** containerd through its CRI plugin. Configuration: `socket`, the path of its unix socket. */
export default definePlugin({
  type: 'runtime',
  name: 'containerd',
  version: '1.0.0',
  start({ config, signal }) {
    const channel = openChannel((config.socket as string | undefined) ?? DEFAULT_SOCKET)
    signal.addEventListener('abort', () => channel.close(), { once: true })
    return {
      name: 'containerd',
      ...createCriClient(channel),
      events: stop => containerdEvents(channel, stop),
    }
  },
})
