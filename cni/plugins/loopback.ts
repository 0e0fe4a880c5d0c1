import { withNetlink } from '../netlink/netlink.ts'
import type { CniPlugin } from '../skel.ts'

/** Brings a sandbox's `lo` up. */
export const loopback: CniPlugin = {
  name: 'loopback',
  async add({ config, netns }) {
    await withNetlink(netns, ({ links }) => links.set('lo', { up: true }))
    if (config.prevResult) return config.prevResult
    return {
      cniVersion: config.cniVersion,
      interfaces: [{ name: 'lo', mac: '00:00:00:00:00:00', sandbox: netns }],
      ips: [{ address: '127.0.0.1/8', interface: 0 }],
    }
  },
  async del() {},
}
