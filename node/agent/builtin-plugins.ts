import type { BuiltinPlugins } from '../../plugins/host/load.ts'

/** The plugins a node has of its own, loaded when its configuration names them. */
export const builtinPlugins: BuiltinPlugins = {
  runtime: { containerd: () => import('../../cri/containerd/plugin.ts') },
  network: { vxlan: () => import('../network/overlay/plugin.ts') },
  proxy: {
    ipvs: () => import('../proxy/ipvs/plugin.ts'),
    nftables: () => import('../proxy/nftables/plugin.ts'),
  },
}
