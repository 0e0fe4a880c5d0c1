import type { Container, Pod } from '../../../api/kinds/types.ts'
import { now } from '../../../api/meta/time.ts'
import type { PodSandboxConfig } from '../../../plugins/runtime.ts'
import type { MountedVolume } from '../../../plugins/volume.ts'
import { type Backoff, createBackoff } from '../images/backoff.ts'
import type { Waiting } from '../status/container-status.ts'
import type { Resize } from '../status/resize-verdict.ts'
import { createStatusWriter, type StatusWriter } from '../status/status-writer.ts'
import type { PodContext, Rejection } from './context.ts'
import { createGrace, type Grace } from './grace.ts'
import { createKnown, type Known, type Observed, observe } from './observe.ts'
import type { Owner } from './owners.ts'

/** A sandbox that containers can be started in. */
export interface ReadySandbox {
  id: string
  podIPs: string[]
  config: PodSandboxConfig
}

/** Why a container does not run, and when it is tried again (milliseconds). */
export type Obstacle = Waiting & { retryAt: number }

/** What one Pod's worker remembers between its passes. Everything else is read from the runtime each time. */
export interface PodState extends Owner {
  readonly context: PodContext
  /** As it is wanted now. */
  pod: Pod
  /** Containers that could not be started, by name. */
  readonly obstacles: Map<string, Obstacle>
  /** Starts under way, by container name: what is under way is not begun again. */
  readonly starts: Map<string, Promise<void>>
  /** Ends under way, by container id. */
  readonly kills: Map<string, Promise<void>>
  /** Containers the runtime told the exit of, until it also says so when asked: how often it has not. */
  readonly exits: Map<string, number>
  /** The sandbox that is being made; `id` is set when it is. */
  sandbox: { made: Promise<ReadySandbox>; id?: string } | undefined
  volumes: Promise<Map<string, MountedVolume>> | undefined
  /** Delays between tries of volumes and sandbox, by those words. */
  readonly retries: Backoff
  readonly known: Known
  /** Resources that running containers have, by name. */
  readonly applied: Map<string, NonNullable<Container['resources']>>
  resize: Resize | undefined
  /** Termination messages by container id. */
  readonly messages: Map<string, string>
  readonly status: StatusWriter
  readonly grace: Grace
  /** Aborted when nothing more may be started: the Pod is to go, or the agent ends. */
  readonly leaving: AbortController
  /** Set when the kubelet ended the Pod or did not take it. */
  ended: Rejection | undefined
  startTime: string
  /** When the kubelet saw the Pod first (milliseconds since the epoch). */
  readonly seenAt: number
  /** All containers are over and what the Pod held is given back; the object is still there. */
  isCleared: boolean
  /** Resolves when that is so. */
  readonly cleared: PromiseWithResolvers<void>
  /** Deletion is done as far as the node goes; finalizers may keep the object. */
  isDeleted: boolean
  /** Nothing was begun yet: the runtime has nothing of it. */
  isNew: boolean
  wake(): void
}

const FIRST_RETRY = 250
const LONGEST_RETRY = 20_000

export function createPodState(context: PodContext, pod: Pod, isNew: boolean, wake: () => void): PodState {
  const exits = new Map<string, number>()
  return {
    context,
    pod,
    obstacles: new Map(),
    starts: new Map(),
    kills: new Map(),
    exits,
    sandbox: undefined,
    volumes: undefined,
    retries: createBackoff(FIRST_RETRY, LONGEST_RETRY),
    known: createKnown(),
    applied: new Map(),
    resize: undefined,
    messages: new Map(),
    status: createStatusWriter(context, pod),
    grace: createGrace(),
    leaving: new AbortController(),
    ended: undefined,
    seenAt: Date.now(),
    startTime: pod.status?.startTime ?? now(),
    isCleared: false,
    cleared: Promise.withResolvers(),
    isDeleted: false,
    isNew,
    wake,
    notice(id, type) {
      if (type === 'started' || type === 'oom') return
      if (type === 'exited') exits.set(id, 0)
      wake()
    },
  }
}

/** Reads from the runtime what there is of the Pod, and enters it as its own. */
export async function observePod(state: PodState): Promise<Observed> {
  if (state.isNew) {
    state.isNew = false
    return { sandboxes: [], containers: new Map(), sandboxOf: new Map() }
  }
  const observed = await observe(state.context.runtime, state.pod, state.known)
  const { owners } = state.context
  for (const { id } of observed.sandboxes) owners.set(id, state)
  for (const runs of observed.containers.values()) for (const { id } of runs) owners.set(id, state)
  return observed
}

/** The Pod's addresses: the host's for a Pod of its network. */
export function podIPsOf({ pod, context }: PodState, observed: Observed): string[] {
  const [sandbox] = observed.sandboxes
  if (pod.spec.hostNetwork) return sandbox?.state === 'SANDBOX_READY' ? [context.hostIP] : []
  const { ip, additionalIps = [] } = sandbox?.network ?? {}
  return ip ? [ip, ...additionalIps.map(additional => additional.ip)] : []
}

/** Rejects as soon as the Pod is to go. */
export function unlessLeaving<T>({ leaving: { signal } }: PodState, work: Promise<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    const leave = (): void => reject(new LeavingError())
    if (signal.aborted) leave()
    signal.addEventListener('abort', leave, { once: true })
    work.then(resolve, reject).finally(() => signal.removeEventListener('abort', leave))
  })
}

/** Something was given up since its Pod is to go. */
export class LeavingError extends Error {
  readonly code = 'LEAVING'

  constructor() {
    super('the Pod is to go')
  }
}
