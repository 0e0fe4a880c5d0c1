import type { Node, Service } from '../api/kinds/types.ts'

/** What a cloud knows of a machine. */
export interface CloudInstance {
  providerID: string
  instanceType?: string
  addresses: { type: 'InternalIP' | 'ExternalIP' | 'Hostname'; address: string }[]
  zone?: string
  region?: string
}

/**
 * The seam to what the cluster runs on. Every part is optional; what a provider does not have is not offered. All calls
 * are level-triggered: they may be made at any time, again, and must succeed when there is nothing left to do.
 */
export interface CloudProvider {
  readonly name: string
  /** Machines behind nodes. */
  instances?: {
    /** undefined when the machine is no more: its Node is then removed. */
    get(node: Node): Promise<CloudInstance | undefined>
    isShutDown(node: Node): Promise<boolean>
  }
  /** Load balancers of Services of type LoadBalancer. */
  loadBalancers?: {
    /** Makes or changes it; returns its addresses for the Service's status. */
    ensure(service: Service, nodes: Node[]): Promise<{ ip?: string; hostname?: string }[]>
    remove(service: Service): Promise<void>
  }
}
