import { canonicalAddress } from '../../../cni/netlink/attributes.ts'
import type { EndpointModel, ProxyNode, ServicePortModel } from '../../../plugins/proxy.ts'
import { familyOf } from '../service-changes.ts'
import type { VirtualServer } from './netlink.ts'

/** A virtual server and who is behind it. */
export interface WantedServer extends VirtualServer {
  endpoints: EndpointModel[]
  /** It keeps its clients' addresses (external policy Local). */
  keepsSource: boolean
  /** The address must be on our link; false for the node's own. */
  isOnLink: boolean
  /** CIDRs that may connect; empty for everybody. */
  sourceRanges: string[]
}

export const serverId = ({ protocol, address, port }: VirtualServer): string =>
  `${protocol} ${canonicalAddress(address)} ${port}`

/** The virtual servers of one Service port: its ClusterIP, its external addresses, and its NodePort on each address. */
export function virtualServers(model: ServicePortModel, node: ProxyNode): WantedServer[] {
  const { protocol, port, nodePort, family, affinityTimeout } = model
  const common = { protocol, ...(affinityTimeout !== undefined && { affinityTimeout }) }
  const internal = model.internalLocal ? model.localEndpoints : model.clusterEndpoints
  const external = {
    endpoints: model.externalLocal ? model.localEndpoints : model.clusterEndpoints,
    keepsSource: model.externalLocal,
  }
  const outside = { ...common, ...external, port, isOnLink: true }
  const nodeAddresses =
    nodePort === undefined ? [] : node.addresses.filter(address => familyOf(address) === family)
  return [
    {
      ...common,
      address: model.clusterIP,
      port,
      endpoints: internal,
      keepsSource: false,
      isOnLink: true,
      sourceRanges: [],
    },
    ...model.externalIPs.map(address => ({ ...outside, address, sourceRanges: [] })),
    ...model.loadBalancerIPs.map(address => ({
      ...outside,
      address,
      sourceRanges: model.loadBalancerSourceRanges,
    })),
    ...nodeAddresses.map(address => ({
      ...outside,
      address,
      port: nodePort!,
      isOnLink: false,
      sourceRanges: [],
    })),
  ]
}
