import type { Client, Informer } from '../../../api/client/client.ts'
import type { EventRecorder } from '../../../api/client/event-recorder.ts'
import type { Pod, Service } from '../../../api/kinds/types.ts'
import type { Logger } from '../../../plugins/plugin.ts'
import type { RuntimePlugin } from '../../../plugins/runtime.ts'
import type { PodFacts } from '../env/field-ref.ts'
import type { Backoff } from '../images/backoff.ts'
import type { Images } from '../images/images.ts'
import type { ProbeManager } from '../probes/probe-manager.ts'
import type { ObjectReader } from '../volumes/objects.ts'
import type { VolumeManager } from '../volumes/volume-manager.ts'
import type { DnsSettings } from './dns-config.ts'

/** What the workers of all Pods of a node share. */
export interface PodContext {
  client: Client
  recorder: EventRecorder
  runtime: RuntimePlugin
  /** As in `containerd://…`. */
  runtimeName: string
  nodeName: string
  hostIP: string
  logDir: string
  dns: DnsSettings
  images: Images
  volumes: VolumeManager
  objects: ObjectReader
  probes: ProbeManager
  /** Back-off of containers that end too soon, by `podUid/container`. */
  crashes: Backoff
  services: Informer<Service>
  facts(pod: Pod, podIPs: string[]): PodFacts
  log: Logger
}

/** The folder of a Pod's container logs, as the kubelet names it. */
export const podLogDir = ({ logDir }: PodContext, { metadata }: Pod): string =>
  `${logDir}/${metadata.namespace}_${metadata.name}_${metadata.uid}`
