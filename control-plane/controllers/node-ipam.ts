import { Address4 } from 'ip-address'
import type { Controller } from '../../api/client/controller.ts'
import { nodes } from '../../api/kinds/core.ts'
import { isStatusError } from '../../api/meta/status.ts'
import type { ControllerContext } from './context.ts'

/** Bits of a node's own part of the cluster's network. */
const NODE_PREFIX = 24

/**
 * Gives each node a podCIDR. What is given stands in the Nodes themselves: it is read back from there, one node at a
 * time, so that no range is ever given twice.
 */
export function nodeIpamController({ client, informers, clusterCIDR }: ControllerContext): Controller {
  const cache = informers.informer(nodes)
  const given = new Set<string>()
  const network = new Address4(clusterCIDR)
  const first = network.startAddress().bigInt()
  const count = 2 ** (NODE_PREFIX - network.subnetMask)
  cache.addHandler({ deleted: ({ spec }) => spec.podCIDR && given.delete(spec.podCIDR) })

  function nextFree(): string {
    for (const { spec } of cache.list()) if (spec.podCIDR) given.add(spec.podCIDR)
    for (let i = 0; i < count; i++) {
      const base = first + (BigInt(i) << BigInt(32 - NODE_PREFIX))
      const cidr = `${Address4.fromBigInt(base).address}/${NODE_PREFIX}`
      if (!given.has(cidr)) return cidr
    }
    throw new Error(`the cluster CIDR ${clusterCIDR} has no /${NODE_PREFIX} left for another node`)
  }

  return {
    name: 'node-ipam',
    watches: [{ kind: nodes }],
    concurrency: 1,
    async reconcile(name) {
      const node = cache.get(name)
      if (!node || node.spec.podCIDR || node.metadata.deletionTimestamp) return
      const podCIDR = nextFree()
      given.add(podCIDR)
      const body = { metadata: { uid: node.metadata.uid }, spec: { podCIDR, podCIDRs: [podCIDR] } }
      await client.patch(nodes, { name }, { type: 'merge', body }).catch(error => {
        // Without an answer nobody knows: the range stays given until the Node tells.
        if (isStatusError(error)) given.delete(podCIDR)
        throw error
      })
    },
  }
}
