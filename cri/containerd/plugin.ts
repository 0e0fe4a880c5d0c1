import { definePlugin } from '../../plugins/plugin.ts'
import type { RuntimeImage } from '../../plugins/runtime.ts'
import { type Channel, openChannel } from '../channel.ts'
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
    const client = createCriClient(channel)
    return {
      name: 'containerd',
      ...client,
      listImages: () => pinSandboxImage(channel, client.listImages()),
      events: stop => containerdEvents(channel, stop),
    }
  },
})

const STATUS = 10_000

/**
 * containerd before 1.7 does not say that it needs the image of its sandboxes: no container uses it, and without it no
 * Pod can be started any more.
 */
async function pinSandboxImage(channel: Channel, listing: Promise<RuntimeImage[]>): Promise<RuntimeImage[]> {
  const images = await listing
  const name = await sandboxImage(channel)
  return images.map(image => (image.repoTags.includes(name) ? { ...image, pinned: true } : image))
}

async function sandboxImage(channel: Channel): Promise<string> {
  const { info } = await channel.call('RuntimeService', 'Status', { verbose: true }, STATUS)
  try {
    return JSON.parse(info?.config ?? '{}').sandboxImage ?? ''
  } catch {
    return ''
  }
}
