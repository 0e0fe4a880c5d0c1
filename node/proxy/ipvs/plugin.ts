import { definePlugin } from '../../../plugins/plugin.ts'
import type { ProxySupport } from '../../../plugins/proxy.ts'
import { IpvsProxy } from './backend.ts'
import { openIpvs } from './netlink.ts'

/** Services by IPVS: needs the modules ip_vs, ip_vs_rr, xt_ipvs and dummy, and iptables. */
export default definePlugin({
  type: 'proxy',
  name: 'ipvs',
  version: '1.0.0',
  start: async ({ log }) => new IpvsProxy(await openIpvs(), log),
})

/** Whether the kernel has IPVS, loaded. */
export async function supported(): Promise<ProxySupport> {
  try {
    const ipvs = await openIpvs()
    ipvs.close()
    return { ok: true, reason: '' }
  } catch (error) {
    return { ok: false, reason: (error as Error).message }
  }
}
