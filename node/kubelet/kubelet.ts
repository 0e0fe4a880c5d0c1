import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import type { Client, Informer, InformerFactory } from '../../api/client/client.ts'
import { createEventRecorder } from '../../api/client/event-recorder.ts'
import { pods, services } from '../../api/kinds/core.ts'
import type { Pod } from '../../api/kinds/types.ts'
import type { Logger } from '../../plugins/plugin.ts'
import type { RuntimePlugin } from '../../plugins/runtime.ts'
import type { VolumePlugin } from '../../plugins/volume.ts'
import { CONTAINER_NAME, POD_UID } from './containers/labels.ts'
import { createBackoff } from './images/backoff.ts'
import { createImages } from './images/images.ts'
import { keepLease } from './node/node-lease.ts'
import { nodeResources } from './node/node-object.ts'
import { reportNode } from './node/node-reporter.ts'
import type { PodContext } from './pods/context.ts'
import { removeOrphans } from './pods/orphans.ts'
import { createPodWorker, type PodWorker } from './pods/pod-worker.ts'
import { followEvents } from './pods/runtime-events.ts'
import { createProbeManager } from './probes/probe-manager.ts'
import { type KubeletServerTls, startKubeletServer } from './server/server.ts'
import { createObjectReader } from './volumes/objects.ts'
import { createVolumeManager } from './volumes/volume-manager.ts'

export interface KubeletOptions {
  client: Client
  informers: InformerFactory
  /** Reads Services for service links; may be another identity's. */
  serviceInformers: InformerFactory
  nodeName: string
  nodeAddress: string
  labels: Record<string, string>
  runtime: RuntimePlugin
  runtimeName: string
  dataDir: string
  clusterDNS: string[]
  clusterDomain: string
  maxPods: number
  server: { address: string; port: number; tls: KubeletServerTls }
  volumePlugins: VolumePlugin[]
  log: Logger
  signal: AbortSignal
}

export interface Kubelet {
  /** Resolves when the node was ready first. */
  ready: Promise<void>
  /** Resolves when the workers have let go; containers go on. */
  stop(): Promise<void>
}

const FIRST_CRASH_DELAY = 10_000
const LONGEST_CRASH_DELAY = 300_000
const REFRESH_VOLUMES = 20_000

/** Runs the Pods that are bound to this node. What runs already, by an earlier agent's hand, is adopted. */
export async function startKubelet(options: KubeletOptions): Promise<Kubelet> {
  const { runtime, signal, log, nodeName } = options
  await mkdir(options.dataDir, { recursive: true })
  const workers = new Map<string, PodWorker>()
  const context = createContext(options, workers)
  const informer = options.informers.informer(pods, { fieldSelector: `spec.nodeName=${nodeName}` })
  const server = await startKubeletServer({ ...options.server, context, pods: informer, signal })
  const ready = reportNode({ ...options, recorder: context.recorder, kubeletPort: server.port })
  keepLease(options)
  void runPods(context, informer, workers, signal).catch(error =>
    log.error({ error: error.message }, 'kubelet failed'),
  )
  followEvents(runtime, {
    signal,
    log,
    onEvent: id => wakeOwner(runtime, workers, id),
    onGap: () => wakeAll(workers),
  })
  const refresh = setInterval(() => refreshVolumes(context, workers), REFRESH_VOLUMES)
  signal.addEventListener('abort', () => clearInterval(refresh), { once: true })
  return {
    ready,
    async stop() {
      for (const worker of workers.values()) worker.stop()
      context.probes.stop()
      await server.close()
    },
  }
}

function createContext(options: KubeletOptions, workers: Map<string, PodWorker>): PodContext {
  const { client, runtime, runtimeName, nodeName, nodeAddress, dataDir, maxPods, log } = options
  const recorder = createEventRecorder(client, { component: 'kubelet', host: nodeName })
  const objects = createObjectReader(client)
  const { allocatable } = nodeResources(dataDir, maxPods)
  const facts: PodContext['facts'] = (_pod, podIPs) => ({
    podIPs,
    hostIP: nodeAddress,
    nodeAllocatable: allocatable as never,
  })
  const volumeSources = {
    client,
    objects,
    facts: (pod: Pod) => facts(pod, pod.status?.podIPs?.map(({ ip }) => ip!) ?? []),
  }
  const probes = createProbeManager({
    onChange: id => void wakeOwner(runtime, workers, id),
    onFailure: (id, type, message) =>
      void recordUnhealthy(id, `${capitalize(type)} probe failed: ${message}`),
  })
  const recordUnhealthy = async (id: string, message: string): Promise<void> => {
    const [container] = await runtime.listContainers({ id }).catch(() => [])
    const worker = container && workers.get(container.labels[POD_UID] ?? '')
    const path = `spec.containers{${container?.labels[CONTAINER_NAME]}}`
    if (worker) recorder.event(worker.pod, 'Warning', 'Unhealthy', message, path)
  }
  return {
    client,
    recorder,
    runtime,
    runtimeName,
    nodeName,
    hostIP: nodeAddress,
    logDir: join(dataDir, 'logs'),
    dns: options,
    images: createImages(runtime, recorder),
    volumes: createVolumeManager(dataDir, volumeSources, options.volumePlugins, log),
    objects,
    probes,
    crashes: createBackoff(FIRST_CRASH_DELAY, LONGEST_CRASH_DELAY),
    services: options.serviceInformers.informer(services),
    facts,
    log,
  }
}

const capitalize = (word: string): string => word.charAt(0).toUpperCase() + word.slice(1)

/** A worker for each Pod, from the first list on; what belongs to no Pod of the list is cleared away. */
async function runPods(
  context: PodContext,
  informer: Informer<Pod>,
  workers: Map<string, PodWorker>,
  signal: AbortSignal,
): Promise<void> {
  const start = (pod: Pod): void => {
    const uid = pod.metadata.uid!
    const worker = workers.get(uid)
    if (worker) worker.update(pod)
    else
      workers.set(
        uid,
        createPodWorker(context, pod, () => workers.delete(uid)),
      )
  }
  await informer.synced()
  if (signal.aborted) return
  informer.addHandler({
    added: start,
    updated: (pod, old) => {
      if (pod.metadata.uid !== old.metadata.uid) void workers.get(old.metadata.uid!)?.remove()
      start(pod)
    },
    deleted: pod => void workers.get(pod.metadata.uid!)?.remove(),
  })
  await removeOrphans(context, uid => workers.has(uid))
}

async function wakeOwner(runtime: RuntimePlugin, workers: Map<string, PodWorker>, id: string): Promise<void> {
  const [container] = await runtime.listContainers({ id }).catch(() => [])
  const [sandbox] = container ? [] : await runtime.listPodSandbox({ id }).catch(() => [])
  const uid = (container ?? sandbox)?.labels[POD_UID]
  if (uid) workers.get(uid)?.wake()
}

function wakeAll(workers: Map<string, PodWorker>): void {
  for (const worker of workers.values()) worker.wake()
}

function refreshVolumes({ volumes, log }: PodContext, workers: Map<string, PodWorker>): void {
  for (const { pod } of workers.values()) {
    if (pod.metadata.deletionTimestamp) continue
    volumes
      .refresh(pod)
      .catch(error => log.debug({ pod: pod.metadata.name, error: error.message }, 'volumes not refreshed'))
  }
}
