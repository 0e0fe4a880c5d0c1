/** Another machine of the cluster, as its Node says. */
export interface NetworkPeer {
  name: string
  address: string
  podCIDR: string
  annotations: Record<string, string>
}

/** This machine in the cluster's network. */
export interface NetworkSelf {
  name: string
  address: string
  /** Absent on a machine that runs no Pods and only wants to reach them. */
  podCIDR: string | undefined
  clusterCIDR: string
}

/**
 * The seam to Pod networks: what a node's network provider does. Whatever it makes carries its own mark, is made again
 * by the next call after any crash, and is taken away by `cleanUp`. All that is passed is plain data, so that a plugin
 * may run in a process of its own.
 */
export interface NetworkPlugin {
  readonly name: string
  /**
   * Called once the node's podCIDR is known, again after a restart, and whenever a call failed (its process may be a new
   * one): must succeed when all is there already. Throw when the network cannot work; it is tried again every second.
   */
  prepare(self: NetworkSelf): Promise<void>
  /**
   * All other machines as they are now; never only some of them. Called after `prepare`, on every change, and every
   * minute without one: makes what is in the kernel equal to it, whoever changed it (also what an earlier instance left
   * for machines that are gone).
   */
  setPeers(peers: NetworkPeer[]): Promise<void>
  /**
   * The CNI configuration list for this node's runtime, called after the first `setPeers`; undefined where no Pods run.
   * A plugin in a process of its own answers with a promise in any case.
   */
  conflist(self: NetworkSelf): object | undefined | Promise<object | undefined>
  /**
   * A fault that keeps Pods from being networked, in words for the node's condition `Ready`, which is then False;
   * undefined without one. Called every few seconds; no answer within 2 s counts as a fault.
   */
  status?(): Promise<string | undefined>
  /** Takes everything back that this plugin, or an earlier instance of it, made on the node. Must not fail on nothing. */
  cleanUp?(): Promise<void>
}
