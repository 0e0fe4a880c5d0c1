import type { Client, InformerFactory } from '../../api/client/client.ts'
import type { EventRecorder } from '../../api/client/event-recorder.ts'

/** What every controller is made from. */
export interface ControllerContext {
  client: Client
  informers: InformerFactory
  recorder: EventRecorder
  clusterCIDR: string
  /** PEM of the cluster's CA, for Pods to check the API server by. */
  rootCA: string
}
