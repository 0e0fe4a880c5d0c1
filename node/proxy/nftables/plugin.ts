import { openNft } from '../../../cni/netlink/nft.ts'
import { definePlugin } from '../../../plugins/plugin.ts'
import type { ProxySupport } from '../../../plugins/proxy.ts'
import { createNftablesProxy } from './backend.ts'

/** Services by nftables: needs Linux 5.13 or later and nft 1.0.1 or later. */
export default definePlugin({
  type: 'proxy',
  name: 'nftables',
  version: '1.0.0',
  start: async () => createNftablesProxy(await openNft()),
})

const TRIAL = 'skiff-trial'

/** Tries a table with all we need (NAT, numgen, maps) and takes it back, in one transaction. */
export async function supported(): Promise<ProxySupport> {
  const trial = `table ip ${TRIAL} {
    map m { type ipv4_addr . inet_proto . inet_service : verdict; }
    chain c { meta l4proto tcp dnat ip to numgen random mod 2 map { 0 : 192.0.2.1 . 1, 1 : 192.0.2.2 . 1 }; }
    chain n { type nat hook prerouting priority dstnat; ip daddr . meta l4proto . th dport vmap @m; }
    chain p { type nat hook postrouting priority srcnat; ct status dnat masquerade fully-random; }
  }
  delete table ip ${TRIAL}`
  try {
    await (await openNft()).run(trial)
    return { ok: true, reason: '' }
  } catch (error) {
    const hint =
      'install it with: apt-get install nftables; the kernel needs CONFIG_NF_TABLES and CONFIG_NFT_NAT'
    return { ok: false, reason: `nftables cannot be used (${(error as Error).message}); ${hint}` }
  }
}
