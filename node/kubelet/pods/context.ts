import type { Client, Informer } from '../../../api/client/client.ts'
import type { EventRecorder } from '../../../api/client/event-recorder.ts'
import type { Pod, Service } from '../../../api/kinds/types.ts'
import type { Logger } from '../../../plugins/plugin.ts'
import type { RuntimePlugin } from '../../../plugins/runtime.ts'
import type { PodFacts } from '../env/field-ref.ts'
import type { Backoff } from '../images/backoff.ts'
import type { Images } from '../images/images.ts'
import type { KubeletMetrics } from '../metrics/metrics.ts'
import type { ProbeManager } from '../probes/probe-manager.ts'
import type { KubeletSettings } from '../settings.ts'
import type { ObjectReader } from '../volumes/objects.ts'
import type { VolumeManager } from '../volumes/volume-manager.ts'
import type { DnsSettings } from './dns-config.ts'
import type { Owners } from './owners.ts'
import type { Pace } from './pace.ts'

/** What the workers of all Pods of a node share. */
export interface PodContext {
  client: Client
  recorder: EventRecorder
  runtime: RuntimePlugin
  /** What the runtime of a container is called, as in `containerd://…`. */
  runtimeNameOf(containerId: string): string
  nodeName: string
  hostIP: string
  /** Bytes; what shares of memory are counted from. */
  memoryCapacity: number
  logDir: string
  dns: DnsSettings
  /** Images of the runtime that a RuntimeClass's handler names. */
  imagesOf(handler: string): Images
  volumes: VolumeManager
  objects: ObjectReader
  probes: ProbeManager
  owners: Owners
  pace: Pace
  /** Back-off of containers that end too soon, by {@link crashKey}. */
  crashes: Backoff
  services: Informer<Service>
  /** Why a new Pod cannot run here; undefined when it can. */
  admit(pod: Pod): Rejection | undefined
  /** Why a Pod that is here cannot have what its spec asks for by now; undefined when it can. */
  fits(pod: Pod): { reason: 'Deferred' | 'Infeasible'; message: string } | undefined
  metrics: KubeletMetrics
  settings: KubeletSettings
  facts(pod: Pod, podIPs: string[]): PodFacts
  log: Logger
}

/** A Pod the node does not take, in the words of its status. */
export interface Rejection {
  reason: string
  message: string
  /** Set for one that was running and was ended: the DisruptionTarget condition (KEP-3329). */
  disruption?: { reason: string; message: string }
}

/** The folder of a Pod's container logs, as the kubelet names it. */
export const podLogDir = ({ logDir }: Pick<PodContext, 'logDir'>, { metadata }: Pod): string =>
  `${logDir}/${metadata.namespace}_${metadata.name}_${metadata.uid}`

export const crashKey = ({ metadata }: Pod, container: string): string => `${metadata.uid}/${container}`
