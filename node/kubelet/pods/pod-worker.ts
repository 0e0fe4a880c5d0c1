import { isDeepStrictEqual } from 'node:util'
import type { Pod } from '../../../api/kinds/types.ts'
import { isTerminal } from '../status/pod-phase.ts'
import type { PodContext, Rejection } from './context.ts'
import { clearPod, deletePod, finishPod } from './end.ts'
import { hasEnded, type Observed } from './observe.ts'
import { createPodState, observePod, type PodState } from './pod-state.ts'
import { SAFETY_NET, syncPod } from './sync.ts'

/** One Pod of this node. Everything done for it is done here: one look after the other, each beginning what is missing. */
export interface PodWorker {
  /** The Pod as it is wanted now; also wakes the worker. */
  update(pod: Pod): void
  /** Something may have changed: look. */
  wake(): void
  /** Ends the Pod, for good and within so many seconds. Resolves when it has given back what it had. */
  evict(why: Rejection, graceSeconds: number): Promise<void>
  /** The Pod is gone from the API: end what runs soon. Resolves when nothing is left. */
  remove(): Promise<void>
  /** The agent ends; containers go on. Resolves when nothing more is begun. */
  stop(): Promise<void>
  readonly pod: Pod
  /** True while the Pod holds resources of the node. */
  readonly isActive: boolean
}

/** Milliseconds after which a failed look is repeated. */
const RETRY = 1_000
/** Seconds containers have when the object was taken away under them. */
const SMALL_GRACE = 2
/** The runtime tells an exit before it says so when asked: asked again so often, after so long (milliseconds). */
const EXIT_LOOKS = [5, 10, 20, 50, 100, 250, 500, 1_000]

/** `isNew`: nothing of the Pod can be here yet, so that there is no need to ask. */
export function createPodWorker(context: PodContext, first: Pod, isNew: boolean): PodWorker {
  const bell = createBell()
  const state = createPodState(context, first, isNew, bell.ring)
  const life = { isRemoved: false, isStopped: false }
  const loop = run(state, life, bell)
  if (first.metadata.deletionTimestamp) askToEnd(state)
  // A Pod an earlier agent began: its volumes are kept up to date from now on.
  else if (first.status?.startTime) refreshVolumes(state)
  return {
    update(pod) {
      const before = state.pod
      state.pod = pod
      state.status.saw(pod)
      if (pod.metadata.deletionTimestamp) askToEnd(state)
      else if (metadataOf(pod) !== metadataOf(before)) refreshVolumes(state)
      if (wantsOther(pod, before)) bell.ring()
    },
    wake: bell.ring,
    evict(why, graceSeconds) {
      state.ended ??= why
      state.leaving.abort()
      state.grace.shorten(graceSeconds)
      bell.ring()
      return state.cleared.promise
    },
    remove() {
      life.isRemoved = true
      state.leaving.abort()
      state.grace.shorten(SMALL_GRACE)
      bell.ring()
      return loop
    },
    async stop() {
      life.isStopped = true
      state.leaving.abort()
      state.status.stop()
      bell.ring()
      await Promise.allSettled(state.starts.values())
    },
    get pod() {
      return state.pod
    },
    get isActive() {
      return !state.isCleared && state.ended === undefined && !isTerminal(state.pod.status)
    },
  }
}

function askToEnd({ pod, grace, leaving }: PodState): void {
  leaving.abort()
  grace.shorten(pod.metadata.deletionGracePeriodSeconds ?? pod.spec.terminationGracePeriodSeconds ?? 30)
}

/** Most changes of a Pod are its status, written by ourselves: nothing needs to be done for them. */
function wantsOther(pod: Pod, before: Pod): boolean {
  const wish = ({ metadata, spec, status }: Pod): unknown[] => [
    metadata.deletionTimestamp,
    metadata.deletionGracePeriodSeconds,
    metadata.generation,
    spec,
    isTerminal(status),
    (spec.readinessGates ?? []).map(
      ({ conditionType }) => status?.conditions?.find(({ type }) => type === conditionType)?.status,
    ),
  ]
  return !isDeepStrictEqual(wish(pod), wish(before))
}

/** What of a Pod's metadata its volumes may show. */
const metadataOf = ({ metadata: { labels, annotations } }: Pod): string =>
  JSON.stringify([labels, annotations])

function refreshVolumes({ context, pod }: PodState): void {
  const { name, namespace } = pod.metadata
  context.volumes.refresh(pod).catch(error => {
    context.log.debug({ pod: `${namespace}/${name}`, error: error.message }, 'volumes not refreshed')
  })
}

interface Life {
  isRemoved: boolean
  isStopped: boolean
}

/** One look after the other until the Pod is gone or the agent ends. */
async function run(state: PodState, life: Life, bell: Bell): Promise<void> {
  while (!life.isStopped) {
    bell.hush()
    let wait = RETRY
    try {
      if (life.isRemoved) return await clearPod(state)
      wait = await look(state)
    } catch (error) {
      if (!life.isStopped) report(state, error as Error)
    }
    await bell.wait(wait)
  }
}

function report({ context, pod }: PodState, { message, stack }: Error): void {
  const { name, namespace } = pod.metadata
  const details = { pod: `${namespace}/${name}`, error: message, stack }
  context.log.warn(details, 'pod worker failed, trying again')
}

/** Does what is next for the Pod; milliseconds until there is more to do. */
async function look(state: PodState): Promise<number> {
  const { pod } = state
  if (state.isDeleted || (state.isCleared && !pod.metadata.deletionTimestamp)) return SAFETY_NET
  if (pod.metadata.deletionTimestamp) {
    await deletePod(state)
    return SAFETY_NET
  }
  if (isTerminal(pod.status) || isTerminal(state.status.wanted)) {
    await finishPod(state)
    return SAFETY_NET
  }
  const observed = await observePod(state)
  state.ended ??= refusal(state, observed)
  const deadline = checkDeadline(state)
  if (state.ended) {
    await finishPod(state)
    return SAFETY_NET
  }
  const { isFinished, wait } = await syncPod(state, observed)
  if (isFinished) await finishPod(state)
  return Math.min(wait, deadline, exitWait(state, observed))
}

/** A new Pod is taken only if the node has room for it; one that was here before stays. */
function refusal({ context, pod }: PodState, { sandboxes, containers }: Observed): PodState['ended'] {
  const isNew = !pod.status?.startTime && sandboxes.length === 0 && containers.size === 0
  const rejection = isNew ? context.admit(pod) : undefined
  if (rejection) context.recorder.event(pod, 'Warning', rejection.reason, rejection.message)
  return rejection && { ...rejection, message: `Pod was rejected: ${rejection.message}` }
}

/** activeDeadlineSeconds counts from the Pod's start on this node. */
function checkDeadline(state: PodState): number {
  const seconds = state.pod.spec.activeDeadlineSeconds
  if (!seconds) return SAFETY_NET
  const left = Date.parse(state.startTime) + seconds * 1000 - Date.now()
  if (left > 0) return left
  const message = 'Pod was active on the node longer than the specified deadline'
  if (!state.ended) state.context.recorder.event(state.pod, 'Normal', 'DeadlineExceeded', message)
  state.ended ??= { reason: 'DeadlineExceeded', message }
  return SAFETY_NET
}

/** How soon to look again for what exited though the runtime still said that it runs. */
function exitWait({ exits }: PodState, { containers, sandboxes }: Observed): number {
  const runs = [...containers.values()].flat().filter(hasEnded)
  const ended = new Set(
    [...runs, ...sandboxes.filter(({ state }) => state !== 'SANDBOX_READY')].map(({ id }) => id),
  )
  const waits = [...exits].flatMap(([id, looks]) => {
    const wait = ended.has(id) ? undefined : EXIT_LOOKS[looks]
    if (wait === undefined) exits.delete(id)
    else exits.set(id, looks + 1)
    return wait ?? []
  })
  return Math.min(SAFETY_NET, ...waits)
}

interface Bell {
  ring(): void
  /** Forgets that it rang. */
  hush(): void
  /** Resolves when it has rung since it was hushed, or after so long. */
  wait(milliseconds: number): Promise<void>
}

function createBell(): Bell {
  let hasRung = false
  let hear = (): void => {}
  return {
    ring() {
      hasRung = true
      hear()
    },
    hush() {
      hasRung = false
    },
    wait: milliseconds =>
      hasRung
        ? Promise.resolve()
        : new Promise(resolve => {
            const timer = setTimeout(resolve, milliseconds)
            hear = () => {
              clearTimeout(timer)
              resolve()
            }
          }),
  }
}
