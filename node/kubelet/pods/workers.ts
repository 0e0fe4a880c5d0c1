import type { Informer } from '../../../api/client/client.ts'
import type { Pod } from '../../../api/kinds/types.ts'
import { updateQosCgroups } from './cgroups.ts'
import type { PodContext, Rejection } from './context.ts'
import { createPodWorker, type PodWorker } from './pod-worker.ts'

/** The workers of all Pods of the node, by the Pods' UIDs. */
export interface PodWorkers {
  has(podUid: string): boolean
  /** A worker for each Pod the informer has, and for those it gets. */
  follow(context: PodContext, informer: Informer<Pod>): void
  wakeAll(): void
  /** Pods that hold resources of the node. */
  activePods(): Pod[]
  /** Ends a Pod, for good and within so many seconds. Resolves when it has given back what it had. */
  evict(pod: Pod, why: Rejection, graceSeconds: number): Promise<void>
  /** Those of them that were here before this one. */
  othersThan(pod: Pod): Pod[]
  stop(): Promise<void>
}

export function createPodWorkers(): PodWorkers {
  const workers = new Map<string, PodWorker>()
  const active = (): Pod[] => [...workers.values()].filter(({ isActive }) => isActive).map(({ pod }) => pod)
  let off = (): void => {}

  const remove = (uid: string): void => {
    const worker = workers.get(uid)
    void worker?.remove().then(() => workers.delete(uid))
  }
  const start = (context: PodContext, pod: Pod, isListed: boolean): void => {
    const uid = pod.metadata.uid!
    const worker = workers.get(uid)
    // One that was there when we began may have been started by an earlier agent that could not tell it any more.
    const isNew = !isListed && !pod.status?.startTime
    if (worker) worker.update(pod)
    else workers.set(uid, createPodWorker(context, pod, isNew))
  }
  return {
    has: uid => workers.has(uid),
    follow(context, informer) {
      updateQosCgroups([])
      const weigh = createWeighing(context, active)
      const listed = new Set(informer.list().map(({ metadata }) => metadata.uid))
      off = informer.addHandler({
        added(pod) {
          start(context, pod, listed.has(pod.metadata.uid))
          weigh()
        },
        updated(pod, old) {
          if (pod.metadata.uid !== old.metadata.uid) remove(old.metadata.uid!)
          start(context, pod, listed.has(pod.metadata.uid))
        },
        deleted(pod) {
          remove(pod.metadata.uid!)
          weigh()
        },
      })
    },
    wakeAll() {
      for (const worker of workers.values()) worker.wake()
    },
    activePods: active,
    evict: async ({ metadata }, why, graceSeconds) => workers.get(metadata.uid!)?.evict(why, graceSeconds),
    othersThan: ({ metadata }) => {
      const before = [...workers.keys()].slice(0, [...workers.keys()].indexOf(metadata.uid!))
      return before.map(uid => workers.get(uid)!).flatMap(({ isActive, pod }) => (isActive ? [pod] : []))
    },
    async stop() {
      off()
      await Promise.all([...workers.values()].map(worker => worker.stop()))
    },
  }
}

const WEIGH_AFTER = 500

/** Sets the weights of the classes of Pods some time after the last change, once for many changes. */
function createWeighing({ log }: PodContext, active: () => Pod[]): () => void {
  let timer: NodeJS.Timeout | undefined
  return () => {
    timer ??= setTimeout(() => {
      timer = undefined
      try {
        updateQosCgroups(active())
      } catch (error) {
        log.warn({ error: (error as Error).message }, 'cgroups not weighed')
      }
    }, WEIGH_AFTER)
    timer.unref()
  }
}
