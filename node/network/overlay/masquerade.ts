import type { Nft } from '../../../cni/netlink/nft.ts'
import type { NetworkPeer, NetworkSelf } from '../../../plugins/network.ts'

const TABLE = 'ip skiff_network'

/** The rules by which traffic of Pods that leaves the cluster takes the node's address; what stays keeps its own. */
export interface Masquerade {
  /** One transaction, when what is in the kernel differs: at no time do some of the nodes count as outside. */
  set(self: NetworkSelf, peers: NetworkPeer[]): Promise<void>
  remove(): Promise<void>
}

export function createMasquerade(nft: Nft, bridge: string): Masquerade {
  let applied: string | undefined
  /** How the kernel lists what was applied. */
  let listed: string | undefined
  const list = (): Promise<string | undefined> => nft.run(`list table ${TABLE}`).catch(() => undefined)
  return {
    async set(self, peers) {
      const wanted = script(self, peers, bridge)
      if (wanted === applied && (await list()) === listed) return
      await nft.run(wanted)
      applied = wanted
      listed = await list()
    },
    async remove() {
      applied = undefined
      await nft.run(`add table ${TABLE}\ndelete table ${TABLE}`).catch(() => {})
    },
  }
}

const script = (
  { podCIDR, clusterCIDR, address }: NetworkSelf,
  peers: NetworkPeer[],
  bridge: string,
): string => `
add table ${TABLE}
delete table ${TABLE}
table ${TABLE} {
  set nodes {
    type ipv4_addr
    elements = { ${[...new Set([address, ...peers.map(peer => peer.address)])].join(', ')} }
  }
  chain postrouting {
    type nat hook postrouting priority srcnat;
    ip saddr ${podCIDR} ip daddr != ${clusterCIDR} ip daddr != @nodes oifname != "${bridge}" oifname != "lo" masquerade
  }
}
`
