import type { Logger } from './plugin.ts'

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
 * by the next call after any crash, and is taken away by `cleanUp`.
 */
export interface NetworkPlugin {
  readonly name: string
  /** Called once the node's podCIDR is known, and again after a restart: must succeed when all is there already. */
  prepare(self: NetworkSelf, log: Logger): Promise<void>
  /** All other machines as they are now. Called on every change; applies differences. */
  setPeers(peers: NetworkPeer[]): Promise<void>
  /** The CNI configuration list for this node's runtime; undefined where no Pods run. */
  conflist(self: NetworkSelf): object | undefined
  /** A fault that keeps Pods from being networked, in words for the node's condition. */
  status?(): Promise<string | undefined>
  cleanUp?(): Promise<void>
}
