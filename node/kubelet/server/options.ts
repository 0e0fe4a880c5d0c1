import type { Informer } from '../../../api/client/client.ts'
import type { Pod } from '../../../api/kinds/types.ts'
import type { PodContext } from '../pods/context.ts'
import type { PodWorkers } from '../pods/workers.ts'

export interface KubeletServerTls {
  certFile: string
  keyFile: string
  clientCAFile: string
}

export interface KubeletServerOptions {
  address: string
  port: number
  tls: KubeletServerTls
  context: PodContext
  pods: Informer<Pod>
  workers: PodWorkers
  signal: AbortSignal
}
