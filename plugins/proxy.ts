/**
 * The service proxy seam: how the traffic of Services is brought to their endpoints on one node.
 *
 * The node watches Services, EndpointSlices and its Node, and works out what must hold (`node/proxy`): policies,
 * readiness, topology and fallbacks are resolved there. A plugin is told the result as differences and makes it so, in
 * the kernel or wherever it likes. All that is passed is plain data, so that a plugin may run in a process of its own.
 */

export type AddressFamily = 'IPv4' | 'IPv6'

/** One place traffic can be sent to. */
export interface EndpointModel {
  address: string
  port: number
  /** It runs on this node. */
  isLocal: boolean
}

/**
 * One port of one Service in one address family, with everything that is to hold for it on this node. A Service with two
 * ports and two families is four of these.
 */
export interface ServicePortModel {
  /** Stable and unique: `namespace/name:port/family`, e.g. `default/web:http/IPv4`. */
  id: string
  namespace: string
  name: string
  portName: string
  family: AddressFamily
  protocol: 'TCP' | 'UDP' | 'SCTP'
  /** The port of `clusterIP`, `externalIPs` and `loadBalancerIPs`. */
  port: number
  clusterIP: string
  /** Answered on the node's addresses. */
  nodePort?: number
  externalIPs: string[]
  /** Addresses of the load balancer that the node itself must answer (those with `ipMode: Proxy` are left out). */
  loadBalancerIPs: string[]
  /** CIDRs that may reach `loadBalancerIPs`; empty for everybody. */
  loadBalancerSourceRanges: string[]
  /** Seconds a client stays with its endpoint after its last connection; absent without session affinity. */
  affinityTimeout?: number
  /** Traffic to `clusterIP` goes to `localEndpoints` only; else to `clusterEndpoints`. */
  internalLocal: boolean
  /**
   * Traffic from outside to `nodePort`, `externalIPs` and `loadBalancerIPs` goes to `localEndpoints` only and keeps its
   * source; else it goes to `clusterEndpoints` and is masqueraded. Traffic from Pods and from the node itself to these
   * addresses always goes to `clusterEndpoints`.
   */
  externalLocal: boolean
  /** Where traffic goes that may leave the node. Sorted; readiness, topology and termination are taken into account. */
  clusterEndpoints: EndpointModel[]
  /** Where traffic goes that must stay on the node. Empty unless one of the policies is Local. */
  localEndpoints: EndpointModel[]
  /**
   * Some endpoint exists somewhere. Where the list that applies is empty: when true, drop (others answer), when false,
   * reject with ICMP port unreachable, so that clients fail at once.
   */
  hasEndpoints: boolean
}

/** What the plugin must know of its node. */
export interface ProxyNode {
  name: string
  /** Addresses NodePorts are answered on. */
  addresses: string[]
  /** CIDRs of Pods. Traffic from elsewhere to a ClusterIP is masqueraded. Empty: only hairpin and external traffic is. */
  clusterCIDRs: string[]
}

/** One batch of differences. */
export interface ProxyChanges {
  /**
   * True on the first call and whenever state was lost: `set` is then all there is, and whatever else an earlier
   * instance left must go in the same step, without a gap for what stays.
   */
  full: boolean
  node: ProxyNode
  /** New or changed, each whole. */
  set: ServicePortModel[]
  /** Ids that are gone. Empty when `full`. */
  removed: string[]
}

/**
 * A started proxy plugin. The methods below `cleanup` are optional and found by their presence.
 */
export interface ServiceProxy {
  readonly name: string
  /**
   * Makes the changes hold: one transaction, all or nothing. Called once at the start with everything, later whenever
   * something changed, about a millisecond after the change; changes that come while a call is under way are gathered
   * and come with the next. Never called twice at once. The same change may come twice.
   *
   * Resolves when new connections see the changes. Established connections must not be cut, except UDP flows to an
   * endpoint that is gone. Rejecting means that nothing was changed: the same and newer changes come again after a
   * back-off (0.1 s growing to 30 s). Reject with {@link ProxyStateLostError} (or any error whose `code` is
   * `PROXY_STATE_LOST`) when differences cannot be applied because the state they are against is not there, as after a
   * restart of the plugin's process: the next call is then a full one, at once.
   */
  apply(changes: ProxyChanges): Promise<void>
  /** Called once at the end. Stops timers and children; what is in the kernel stays, so that traffic goes on. */
  stop(): Promise<void>
  /** Takes everything back that this plugin, or an earlier instance of it, made on the node. Must not fail on nothing. */
  cleanup(): Promise<void>
  /** Called every 30 s: false when what was applied is no longer there (somebody flushed it). A full apply follows. */
  isIntact?(): Promise<boolean>
}

/** Thrown by {@link ServiceProxy.apply} to ask for a full apply. */
export class ProxyStateLostError extends Error {
  readonly code = 'PROXY_STATE_LOST'
}

/** Whether a node can run a plugin; every built-in proxy's module exports `supported(): Promise<ProxySupport>`. */
export interface ProxySupport {
  ok: boolean
  /** What is missing and what adds it; empty when `ok`. */
  reason: string
}
