import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { withNetlink } from '../../../cni/netlink/netlink.ts'
import { openNft } from '../../../cni/netlink/nft.ts'
import { readSysctl, writeSysctl } from '../../../cni/netlink/sysctl.ts'
import type { NetworkPlugin, NetworkSelf } from '../../../plugins/network.ts'
import { definePlugin, type Logger } from '../../../plugins/plugin.ts'
import { DEVICE, ensureDevice } from './device.ts'
import { createMasquerade, type Masquerade } from './masquerade.ts'
import { programPeers } from './peers.ts'

const BRIDGE = 'skiff-pods'
const BRIDGED = 'net/bridge/bridge-nf-call-iptables'

/** VXLAN between the nodes, a bridge on each: every Pod is reachable from every Pod and node, without NAT. */
export default definePlugin({
  type: 'network',
  name: 'vxlan',
  version: '1.0.0',
  start: async ({ log }) => createOverlay(createMasquerade(await openNft(), BRIDGE), log),
})

function createOverlay(masquerade: Masquerade, log: Logger): NetworkPlugin {
  let self: NetworkSelf | undefined
  let mtu = 0
  return {
    name: 'vxlan',
    async prepare(own) {
      const device = await withNetlink(undefined, netlink => ensureDevice(netlink, own))
      await setSysctls([device.underlay, DEVICE], log)
      mtu = device.mtu
      self = own
    },
    async setPeers(peers) {
      if (!self) throw new Error('setPeers was called before prepare')
      const own = self
      await withNetlink(undefined, async netlink => {
        const { index } = await ensureDevice(netlink, own)
        await programPeers(netlink, index, own, peers)
      })
      if (own.podCIDR) await masquerade.set(own, peers)
    },
    conflist: ({ podCIDR }) => (podCIDR === undefined ? undefined : conflist(podCIDR, mtu)),
    async cleanUp() {
      await withNetlink(undefined, async ({ links }) => {
        await links.delete(DEVICE)
        await links.delete(BRIDGE)
      })
      await masquerade.remove()
    },
  }
}

/** Answers of hosts without Pods come back over the underlay: paths may differ, so sources are checked loosely. */
async function setSysctls(links: string[], log: Logger): Promise<void> {
  // Without it Pods of one bridge reach each other past the Services' rules, and answers are not translated back.
  if (readSysctl(BRIDGED) === undefined)
    await promisify(execFile)('modprobe', ['br_netfilter']).catch(() => {})
  const settings: [name: string, value: number][] = [
    ['net/ipv4/ip_forward', 1],
    [BRIDGED, 1],
    ...['all', ...links].map(link => [`net/ipv4/conf/${link}/rp_filter`, 0] as [string, number]),
  ]
  for (const [name, value] of settings) {
    try {
      writeSysctl(name, value)
    } catch (error) {
      log.warn({ sysctl: name, value, error: (error as Error).message }, 'a kernel setting could not be made')
    }
  }
}

function conflist(podCIDR: string, mtu: number): object {
  return {
    cniVersion: '1.0.0',
    name: 'skiff',
    plugins: [
      {
        type: 'skiff-bridge',
        bridge: BRIDGE,
        mtu,
        hairpinMode: true,
        ipam: { type: 'skiff-host-local', subnet: podCIDR, routes: [{ dst: '0.0.0.0/0' }] },
      },
      { type: 'skiff-portmap', capabilities: { portMappings: true } },
    ],
  }
}
