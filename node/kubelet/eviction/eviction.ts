import type { Pod } from '../../../api/kinds/types.ts'
import type { Logger } from '../../../plugins/plugin.ts'
import { nodeReference } from '../node/node-object.ts'
import type { Pressure } from '../node/pressure.ts'
import type { PodContext, Rejection } from '../pods/context.ts'
import { qosClass } from '../pods/qos.ts'
import type { PodWorkers } from '../pods/workers.ts'
import { EVICTION_SIGNALS, type KubeletSettings, milliseconds } from '../settings.ts'
import { diskUsage } from '../stats/disk-usage.ts'
import { measurePods, type PodUsage } from '../stats/pod-usage.ts'
import { hasStorageLimits, storageExcess } from './local-storage.ts'
import { evictionMessage, RESOURCES } from './message.ts'
import { type Observations, observeNode } from './observe.ts'
import { type Candidate, isCritical, rankPods } from './rank.ts'
import { isMet, type Threshold, thresholdsOf } from './thresholds.ts'

/** Keeps the node from running short: tells pressure, refuses Pods under it, ends some when it must. */
export interface Eviction {
  readonly pressure: Pressure
  /** Why a Pod is not taken while something is short. */
  admit(pod: Pod): Rejection | undefined
  /** Looks from time to time, until the signal aborts. */
  start(): void
}

interface EvictionOptions {
  /** Known only once the kubelet is put together. */
  context(): PodContext
  workers: PodWorkers
  settings: KubeletSettings
  dataDir: string
  /** Removes images and containers nobody uses. */
  reclaimDisk(): Promise<void>
  log: Logger
  signal: AbortSignal
}

type Condition = (typeof EVICTION_SIGNALS)[keyof typeof EVICTION_SIGNALS]

/** Seconds a Pod has that is ended by a hard threshold. */
const HARD_GRACE = 1
/** Milliseconds a Pod that was ended may take to give back what it had, before the next is looked for. */
const CLEANUP = 30_000

export function createEviction(options: EvictionOptions): Eviction {
  const { settings, log, signal } = options
  const thresholds = thresholdsOf(settings)
  const transition = milliseconds(settings.evictionPressureTransitionPeriod)
  const firstMet = new Map<Threshold, number>()
  const lastMet = new Map<Condition, number>()
  let lookedAt = 0
  /** What ran short at the last look: it is told once. */
  let last: Threshold | undefined
  const isPressed = (condition: Condition): boolean => {
    const at = lastMet.get(condition)
    return at !== undefined && (at === lookedAt || Date.now() - at <= transition)
  }
  const note = (observations: Observations): Threshold[] => {
    const now = Date.now()
    lookedAt = now
    return thresholds.filter(threshold => {
      if (!isMet(threshold, observations)) {
        firstMet.delete(threshold)
        return false
      }
      if (!firstMet.has(threshold)) firstMet.set(threshold, now)
      lastMet.set(EVICTION_SIGNALS[threshold.signal], now)
      return now - firstMet.get(threshold)! >= threshold.gracePeriod
    })
  }
  const look = async (): Promise<void> => {
    const context = options.context()
    const observations = await observeNode(context.runtime, options.dataDir)
    const met = note(observations)
    if (await evictOverLimits(options)) return
    const [first] = met
    if (!first) {
      last = undefined
      return
    }
    if (first !== last) announce(context, first, observations)
    last = first
    if (EVICTION_SIGNALS[first.signal] === 'DiskPressure') {
      await options.reclaimDisk()
      if (!isMet(first, await observeNode(context.runtime, options.dataDir))) return
    }
    await evictOne(options, first, observations)
  }
  return {
    get pressure() {
      return {
        memory: isPressed('MemoryPressure'),
        disk: isPressed('DiskPressure'),
        pid: isPressed('PIDPressure'),
      }
    },
    admit(pod) {
      const conditions = (['MemoryPressure', 'DiskPressure', 'PIDPressure'] as const).filter(isPressed)
      return conditions.length === 0 ? undefined : refuse(pod, conditions)
    },
    start() {
      let timer: NodeJS.Timeout | undefined
      const repeat = async (): Promise<void> => {
        await look().catch(error =>
          log.warn({ error: error.message }, 'eviction: the node was not looked at'),
        )
        if (!signal.aborted) timer = setTimeout(repeat, milliseconds(settings.evictionMonitorInterval))
      }
      signal.addEventListener('abort', () => clearTimeout(timer), { once: true })
      void repeat()
    },
  }
}

function announce({ recorder, nodeName, log }: PodContext, { signal }: Threshold, seen: Observations): void {
  log.warn({ signal, ...seen[signal] }, 'the node runs short, trying to reclaim')
  const text = `Attempting to reclaim ${RESOURCES[signal]}`
  recorder.event(nodeReference(nodeName), 'Warning', 'EvictionThresholdMet', text)
}

/** While only memory is short, Pods that asked for some are still taken, and those that tolerate the shortage. */
function refuse(pod: Pod, conditions: string[]): Rejection | undefined {
  if (isCritical(pod)) return undefined
  if (conditions.length === 1 && conditions[0] === 'MemoryPressure') {
    if (qosClass(pod) !== 'BestEffort' || toleratesMemoryPressure(pod)) return undefined
  }
  return { reason: 'Evicted', message: `The node had condition: [${conditions.join(' ')}]. ` }
}

const MEMORY_TAINT = 'node.kubernetes.io/memory-pressure'

const toleratesMemoryPressure = ({ spec }: Pod): boolean =>
  (spec.tolerations ?? []).some(
    ({ key, effect, operator }) =>
      (key === MEMORY_TAINT || (!key && operator === 'Exists')) && (!effect || effect === 'NoSchedule'),
  )

/** Ends the first Pod in the signal's order that may be ended, and waits until it has given back what it had. */
async function evictOne(
  options: EvictionOptions,
  threshold: Threshold,
  observations: Observations,
): Promise<void> {
  const candidates = await candidatesOf(options, options.workers.activePods())
  const { signal, isHard } = threshold
  const chosen = rankPods(candidates, signal).find(({ pod }) => !isCritical(pod))
  if (!chosen) return options.log.debug({ signal }, 'the node runs short, and there is no Pod to end')
  const message = evictionMessage(chosen, threshold, observations[signal]!)
  options.context().metrics.evicted(signal)
  await evict(options, chosen.pod, message, isHard ? HARD_GRACE : options.settings.evictionMaxPodGracePeriod)
}

/** Ends Pods that have written more than their limits say; true when there were any. */
async function evictOverLimits(options: EvictionOptions): Promise<boolean> {
  const limited = options.workers.activePods().filter(pod => hasStorageLimits({ pod }))
  if (limited.length === 0) return false
  const { volumes, metrics } = options.context()
  let hasEvicted = false
  for (const candidate of await candidatesOf(options, limited)) {
    const { pod } = candidate
    const pathOf = (name: string): string | undefined =>
      volumes.pathOf(pod, pod.spec.volumes!.find(volume => volume.name === name)!)
    const message = await storageExcess(candidate, pathOf)
    if (message === undefined || isCritical(pod)) continue
    hasEvicted = true
    metrics.evicted('ephemeralpodfs.limit')
    await evict(options, pod, message, HARD_GRACE)
  }
  return hasEvicted
}

async function evict(
  options: EvictionOptions,
  pod: Pod,
  message: string,
  graceSeconds: number,
): Promise<void> {
  const { namespace, name } = pod.metadata
  options.log.warn({ pod: `${namespace}/${name}`, message }, 'Pod is ended')
  options.context().recorder.event(pod, 'Warning', 'Evicted', message)
  const disruption = { reason: 'TerminationByKubelet', message }
  const done = options.workers.evict(pod, { reason: 'Evicted', message, disruption }, graceSeconds)
  let timer: NodeJS.Timeout | undefined
  const deadline = new Promise<void>(resolve => {
    timer = setTimeout(resolve, CLEANUP)
  })
  await Promise.race([done, deadline])
  clearTimeout(timer)
}

async function candidatesOf({ context }: EvictionOptions, pods: Pod[]): Promise<Candidate[]> {
  const measured = await measurePods(context(), pods)
  return Promise.all(measured.map(usage => toCandidate(context(), usage)))
}

async function toCandidate({ volumes }: PodContext, usage: PodUsage): Promise<Candidate> {
  const { pod, containers, memory, processes } = usage
  const own = containers.reduce((sum, { rootfs, logBytes }) => sum + (rootfs?.bytes ?? 0) + logBytes, 0)
  const inVolumes = (pod.spec.volumes ?? []).map(async volume => {
    const path =
      volume.emptyDir && volume.emptyDir.medium !== 'Memory' ? volumes.pathOf(pod, volume) : undefined
    return path ? (await diskUsage(path)).bytes : 0
  })
  const disk = (await Promise.all(inVolumes)).reduce((sum, bytes) => sum + bytes, own)
  const sum = containers.reduce((total, container) => total + (container.memory?.workingSet ?? 0), 0)
  return { pod, usage, disk, memory: memory?.workingSet ?? sum, processes: processes ?? 0 }
}
