import { mkdir } from 'node:fs/promises'
import { totalmem } from 'node:os'
import { join } from 'node:path'
import type { Client, Informer, InformerFactory } from '../../api/client/client.ts'
import { createEventRecorder, type EventRecorder } from '../../api/client/event-recorder.ts'
import { nodes, pods, services } from '../../api/kinds/core.ts'
import type { Pod } from '../../api/kinds/types.ts'
import { parseQuantity, quantityValue } from '../../api/meta/quantity.ts'
import type { Logger } from '../../plugins/plugin.ts'
import type { RuntimeEvent, RuntimePlugin } from '../../plugins/runtime.ts'
import type { VolumePlugin } from '../../plugins/volume.ts'
import { rotateLogs } from './containers/log-rotation.ts'
import { createEviction, type Eviction } from './eviction/eviction.ts'
import { createBackoff } from './images/backoff.ts'
import { createImageGc, type ImageGc } from './images/image-gc.ts'
import { createImages, type Images } from './images/images.ts'
import { instrumentRuntime } from './metrics/instrumented-runtime.ts'
import { createKubeletMetrics, type KubeletMetrics } from './metrics/metrics.ts'
import { keepLease } from './node/node-lease.ts'
import { nodeReference, nodeResources } from './node/node-object.ts'
import { reportNode, type Taint } from './node/node-reporter.ts'
import { admitPod, resizeFits } from './pods/admit.ts'
import { containerPath } from './pods/containers-of.ts'
import type { PodContext } from './pods/context.ts'
import { clearOrphans } from './pods/orphans.ts'
import type { Owners } from './pods/owners.ts'
import { createPace } from './pods/pace.ts'
import { followEvents } from './pods/runtime-events.ts'
import { createPodWorkers, type PodWorkers } from './pods/workers.ts'
import { createProbeManager, type ProbeManager } from './probes/probe-manager.ts'
import type { NamedRuntime } from './runtimes/named-runtime.ts'
import { createRuntimes, type Runtimes } from './runtimes/runtimes.ts'
import type { KubeletServerTls } from './server/options.ts'
import { startKubeletServer } from './server/server.ts'
import { type KubeletSettings, kubeletSettings, milliseconds } from './settings.ts'
import { createObjectReader } from './volumes/objects.ts'
import { createVolumeManager } from './volumes/volume-manager.ts'

export interface KubeletOptions {
  client: Client
  informers: InformerFactory
  /** Reads Services for service links; may be another identity's. */
  serviceInformers: InformerFactory
  nodeName: string
  nodeAddress: string
  /** Beyond those every node has. */
  labels: Record<string, string>
  /** Put on the Node when it is registered first. */
  taints?: Taint[]
  runtime: RuntimePlugin
  /** As in `containerd://…`. */
  runtimeName: string
  /** Beside the first, by the handlers of RuntimeClasses that choose them. */
  otherRuntimes?: Record<string, NamedRuntime>
  /** Volumes, logs and state of Pods; survives restarts. */
  dataDir: string
  clusterDNS: string[]
  clusterDomain: string
  /** What is left out is as a kubelet has it by default. */
  settings?: Partial<KubeletSettings>
  server: { address: string; port: number; tls: KubeletServerTls }
  volumePlugins: VolumePlugin[]
  /** What keeps Pods from being networked, as the network's provider says; undefined when nothing does. */
  networkFault?(): Promise<string | undefined>
  log: Logger
  signal: AbortSignal
}

export interface Kubelet {
  /** Resolves when the node was ready first. */
  ready: Promise<void>
  /** The port the server listens on. */
  port: number
  /** Resolves when nothing more is begun; containers go on. The signal does the same. */
  stop(): Promise<void>
}

const FIRST_CRASH_DELAY = 10_000
const LONGEST_CRASH_DELAY = 300_000

/** Runs the Pods that are bound to this node. What runs already, by an earlier agent's hand, is adopted. */
export async function startKubelet(options: KubeletOptions): Promise<Kubelet> {
  const { log, nodeName, informers } = options
  await mkdir(options.dataDir, { recursive: true })
  const stopping = new AbortController()
  const signal = AbortSignal.any([options.signal, stopping.signal])
  const workers = createPodWorkers()
  const { context, runtimes, eviction, imageGc } = assemble(options, workers, signal)
  const { runtime, settings } = context
  const informer = informers.informer(pods, { fieldSelector: `spec.nodeName=${nodeName}` })
  const server = await startKubeletServer({ ...options.server, context, pods: informer, workers, signal })
  const stop = async (): Promise<void> => {
    stopping.abort()
    context.probes.stop()
    await Promise.all([workers.stop(), server.close()])
  }
  options.signal.addEventListener('abort', () => void stop(), { once: true })
  const self = informers.informer(nodes, { fieldSelector: `metadata.name=${nodeName}` })
  const running = {
    ...options,
    known: () => self.get(nodeName),
    ...settings,
    runtime,
    signal,
    pressure: () => eviction.pressure,
    handlers: Object.keys(options.otherRuntimes ?? {}),
  }
  const ready = reportNode({ ...running, recorder: context.recorder, kubeletPort: server.port })
  keepLease(running)
  const onEvent = ({ id, type }: RuntimeEvent): void => context.owners.get(id)?.notice(id, type)
  for (const each of runtimes.all) {
    followEvents(each.runtime, { signal, log, onEvent, onGap: () => workers.wakeAll() })
  }
  void runPods(context, informer, workers, signal).then(eviction.start)
  imageGc.start()
  const limits = {
    maxSize: Number(quantityValue(parseQuantity(settings.containerLogMaxSize))),
    maxFiles: settings.containerLogMaxFiles,
  }
  rotateLogs({ runtime, limits, period: milliseconds(settings.containerLogMonitorInterval), log, signal })
  return { ready, port: server.port, stop }
}

/** A worker for each Pod, from the first list on; what belongs to no Pod of the list is cleared away. */
async function runPods(
  context: PodContext,
  informer: Informer<Pod>,
  workers: PodWorkers,
  signal: AbortSignal,
): Promise<void> {
  await informer.synced()
  if (signal.aborted) return
  workers.follow(context, informer)
  clearOrphans(context, uid => workers.has(uid), signal)
}

/** What all parts share, and those that keep the node from running full. */
function assemble(
  options: KubeletOptions,
  workers: PodWorkers,
  signal: AbortSignal,
): { context: PodContext; runtimes: Runtimes; eviction: Eviction; imageGc: ImageGc } {
  const { nodeName, dataDir, log } = options
  const settings = kubeletSettings(options.settings)
  const metrics = createKubeletMetrics(nodeName)
  const runtimes = measuredRuntimes(options, metrics)
  const runtime = runtimes.combined
  const warn = (reason: string, message: string): void =>
    context.recorder.event(nodeReference(nodeName), 'Warning', reason, message)
  const imageGc = createImageGc({ runtime, settings, warn, log, signal })
  const reclaimDisk = imageGc.removeUnused
  const parts = { workers, settings, dataDir, reclaimDisk, log, signal }
  const eviction = createEviction({ ...parts, context: () => context })
  const own = { workers, runtimes, settings, metrics, eviction, signal }
  const context = createContext(options, own)
  return { context, runtimes, eviction, imageGc }
}

function measuredRuntimes(
  { runtime, runtimeName, otherRuntimes = {} }: KubeletOptions,
  metrics: KubeletMetrics,
): Runtimes {
  const measured = ({ name, runtime }: NamedRuntime): NamedRuntime => ({
    name,
    runtime: instrumentRuntime(runtime, metrics),
  })
  const others = Object.entries(otherRuntimes).map(([handler, other]) => [handler, measured(other)] as const)
  return createRuntimes(measured({ name: runtimeName, runtime }), Object.fromEntries(others))
}

interface Parts {
  workers: PodWorkers
  runtimes: Runtimes
  settings: KubeletSettings
  metrics: KubeletMetrics
  eviction: Eviction
  signal: AbortSignal
}

function createContext(options: KubeletOptions, parts: Parts): PodContext {
  const { client, nodeName, nodeAddress, dataDir, log } = options
  const { workers, runtimes, settings, metrics, eviction, signal } = parts
  const recorder = createEventRecorder(client, { component: 'kubelet', host: nodeName })
  const objects = createObjectReader(client, signal)
  const owners: Owners = new Map()
  const { allocatable } = nodeResources(dataDir, settings.maxPods)
  const othersOf = ({ metadata }: Pod): Pod[] =>
    workers.activePods().filter(other => other.metadata.uid !== metadata.uid)
  const facts: PodContext['facts'] = (_pod, podIPs) => ({
    podIPs,
    hostIP: nodeAddress,
    nodeAllocatable: allocatable as never,
  })
  return {
    client,
    recorder,
    runtime: runtimes.combined,
    runtimeNameOf: runtimes.nameOf,
    nodeName,
    hostIP: nodeAddress,
    memoryCapacity: totalmem(),
    logDir: join(dataDir, 'pod-logs'),
    dns: options,
    imagesOf: imagesOfEach(runtimes, recorder),
    volumes: createVolumeManager({
      client,
      dataDir,
      nodeName,
      clusterDomain: options.clusterDomain,
      objects,
      facts: pod => facts(pod, pod.status?.podIPs?.map(({ ip }) => ip!) ?? []),
      plugins: options.volumePlugins,
      log,
      signal,
      onFailure: (pod, message) => recorder.event(pod, 'Warning', 'FailedMount', message),
    }),
    objects,
    probes: createProbes(owners, recorder, metrics),
    owners,
    pace: createPace(),
    crashes: createBackoff(FIRST_CRASH_DELAY, LONGEST_CRASH_DELAY),
    services: options.serviceInformers.informer(services),
    admit: pod => eviction.admit(pod) ?? admitPod(pod, workers.othersThan(pod), allocatable),
    fits: pod => resizeFits(pod, othersOf(pod), allocatable),
    metrics,
    settings,
    facts,
    log,
  }
}

/** Each runtime has images of its own. */
function imagesOfEach(runtimes: Runtimes, recorder: EventRecorder): PodContext['imagesOf'] {
  const images = new Map<RuntimePlugin, Images>()
  return handler => {
    const runtime = runtimes.forHandler(handler)
    const known = images.get(runtime) ?? createImages(runtime, recorder)
    images.set(runtime, known)
    return known
  }
}

function createProbes(owners: Owners, recorder: EventRecorder, metrics: KubeletMetrics): ProbeManager {
  const capitalize = (word: string): string => word.charAt(0).toUpperCase() + word.slice(1)
  return createProbeManager({
    onChange: id => owners.get(id)?.notice(id),
    onResult({ containerId, container }, type, ok) {
      const owner = owners.get(containerId)
      if (owner) metrics.probed(owner.pod, container.name, capitalize(type), ok)
    },
    onFailure({ containerId, container }, type, message) {
      const owner = owners.get(containerId)
      if (!owner) return
      const text = `${capitalize(type)} probe failed: ${message}`
      recorder.event(owner.pod, 'Warning', 'Unhealthy', text, containerPath(owner.pod, container.name))
    },
  })
}
