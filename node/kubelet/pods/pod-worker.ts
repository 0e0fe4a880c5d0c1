import { pods } from '../../../api/kinds/core.ts'
import type { Container, Pod } from '../../../api/kinds/types.ts'
import { isNotFound } from '../../../api/meta/status.ts'
import { now } from '../../../api/meta/time.ts'
import type { PodSandboxConfig, RuntimeImage } from '../../../plugins/runtime.ts'
import type { MountedVolume } from '../../../plugins/volume.ts'
import { execIn } from '../containers/hooks.ts'
import { ensureImage, StartError, startContainer } from '../containers/start.ts'
import { ImageError } from '../images/images.ts'
import type { Waiting } from '../status/container-status.ts'
import { isTerminal } from '../status/pod-status.ts'
import { createStatusWriter, type StatusWriter } from '../status/status-writer.ts'
import { VolumeError } from '../volumes/volume-manager.ts'
import { cgroupParent, createPodCgroup, removePodCgroup } from './cgroups.ts'
import { type PodContext, podLogDir } from './context.ts'
import { isRunning, latestRun, type Observed, observe, readySandbox, restartCountOf } from './observe.ts'
import { type Kill, type Plan, planPod } from './plan.ts'
import { sandboxConfig } from './sandbox-config.ts'
import { stopContainer, stopPod } from './terminate.ts'

/** One Pod of this node. Everything done for it is done here, one pass at a time. */
export interface PodWorker {
  /** The Pod as it is wanted now; also wakes the worker. */
  update(pod: Pod): void
  /** Something may have changed: look. */
  wake(): void
  /** The Pod is gone from the API: end what runs at once. Resolves when nothing is left. */
  remove(): Promise<void>
  /** The agent ends; containers go on. */
  stop(): void
  readonly pod: Pod
}

/** Looks at everything again when nothing wakes it, in milliseconds. */
const SAFETY_NET = 60_000
/** Runs shorter than this count as crashes for the back-off. */
const STEADY_RUN = 600_000
const RETRY_VOLUMES = 2_000
const RETRY_FAILURE = 1_000
const KEPT_RUNS = 1

export function createPodWorker(context: PodContext, first: Pod, onGone: () => void): PodWorker {
  const state = new PodState(context, first, onGone)
  void state.run()
  return {
    update: pod => state.update(pod),
    wake: () => state.wake(),
    remove: () => state.remove(),
    stop: () => state.stop(),
    get pod() {
      return state.pod
    },
  }
}

class PodState {
  pod: Pod
  #context: PodContext
  #onGone: () => void
  #waiting = new Map<string, Waiting>()
  #volumes: Map<string, MountedVolume> | undefined
  #sandbox: PodSandboxConfig | undefined
  #status: StatusWriter
  #awake = true
  #wake: () => void = () => {}
  #removed = false
  #stopped = false
  #gone = Promise.withResolvers<void>()
  #aborted = new AbortController()
  #ended: { reason: string; message: string } | undefined
  #startTime: string

  constructor(context: PodContext, pod: Pod, onGone: () => void) {
    this.#context = context
    this.#onGone = onGone
    this.pod = pod
    this.#startTime = pod.status?.startTime ?? now()
    this.#status = createStatusWriter(context)
  }

  update(pod: Pod): void {
    this.pod = pod
    if (pod.metadata.deletionTimestamp) this.#aborted.abort()
    this.wake()
  }

  wake(): void {
    this.#awake = true
    this.#wake()
  }

  remove(): Promise<void> {
    this.#removed = true
    this.#aborted.abort()
    this.wake()
    return this.#gone.promise
  }

  stop(): void {
    this.#stopped = true
    this.#aborted.abort()
    this.wake()
  }

  /** One pass after the other until the Pod is gone. */
  async run(): Promise<void> {
    while (!this.#stopped) {
      this.#awake = false
      let wait = SAFETY_NET
      try {
        const next = await this.#pass()
        if (next === 'gone') break
        wait = next
      } catch (error) {
        if (!this.#stopped) this.#report(error as Error)
        wait = RETRY_FAILURE
      }
      await this.#sleep(wait)
    }
    this.#gone.resolve()
    if (!this.#stopped) this.#onGone()
  }

  #sleep(milliseconds: number): Promise<void> {
    if (this.#awake) return Promise.resolve()
    return new Promise(resolve => {
      const timer = setTimeout(resolve, milliseconds)
      this.#wake = () => {
        clearTimeout(timer)
        resolve()
      }
    })
  }

  #report({ message, stack }: Error): void {
    const { name, namespace } = this.pod.metadata
    this.#context.log.warn(
      { pod: `${namespace}/${name}`, error: message, stack },
      'pod worker failed, trying again',
    )
  }

  /** Milliseconds until the next look, or `gone`. */
  async #pass(): Promise<number | 'gone'> {
    const observed = await observe(this.#context.runtime, this.pod)
    if (this.#removed) return this.#clear(observed)
    if (this.pod.metadata.deletionTimestamp) return this.#terminate(observed)
    if (this.#isOver()) return this.#finish(observed)
    const deadline = this.#checkDeadline()
    if (this.#ended) return this.#finish(observed)
    return Math.min(deadline, await this.#sync(observed))
  }

  #isOver(): boolean {
    return isTerminal(this.pod.status ?? {}) && this.#ended === undefined
  }

  /** activeDeadlineSeconds counts from the Pod's start on this node. */
  #checkDeadline(): number {
    const seconds = this.pod.spec.activeDeadlineSeconds
    if (!seconds) return SAFETY_NET
    const left = Date.parse(this.#startTime) + seconds * 1000 - Date.now()
    if (left > 0) return left
    const message = 'Pod was active on the node longer than the specified deadline'
    this.#ended = { reason: 'DeadlineExceeded', message }
    this.#context.recorder.event(this.pod, 'Normal', 'DeadlineExceeded', message)
    return SAFETY_NET
  }

  async #sync(observed: Observed): Promise<number> {
    this.#watchProbes(observed)
    const plan = planPod(this.pod, observed, id => this.#context.probes.state(id))
    await Promise.all(plan.kill.map(kill => this.#kill(kill, observed)))
    if (plan.kill.length > 0) this.#awake = true
    await this.#writeStatus(observed)
    if (plan.finished) {
      await this.#stopSandboxes(observed)
      return SAFETY_NET
    }
    const wait = plan.start.length > 0 ? await this.#start(plan, observed) : SAFETY_NET
    await this.#removeOldRuns(observed)
    return wait
  }

  #watchProbes(observed: Observed): void {
    const podIP = readySandbox(observed)?.network?.ip || this.#context.hostIP
    const { runtime, probes } = this.#context
    for (const container of [...this.pod.spec.containers, ...(this.pod.spec.initContainers ?? [])]) {
      const [run, ...older] = observed.containers.get(container.name) ?? []
      for (const old of older) probes.forget(old.id)
      if (!run) continue
      if (!isRunning(run)) probes.forget(run.id)
      else {
        const startedAt = run.startedAt / 1e6
        probes.watch({ containerId: run.id, container, podIP, startedAt, exec: execIn(runtime, run.id) })
      }
    }
  }

  async #kill({ container, containerId, why, probe }: Kill, observed: Observed): Promise<void> {
    const own =
      probe === 'liveness'
        ? container.livenessProbe
        : probe === 'startup'
          ? container.startupProbe
          : undefined
    const seconds = own?.terminationGracePeriodSeconds ?? this.pod.spec.terminationGracePeriodSeconds ?? 30
    const podIP = readySandbox(observed)?.network?.ip ?? ''
    await stopContainer(this.#context, this.pod, container, containerId, { seconds, why, podIP })
  }

  /** Starts what the plan says; what fails waits with its reason. Returns when to look again. */
  async #start(plan: Plan, observed: Observed): Promise<number> {
    const due = plan.start.filter(container => this.#backoff(container, observed) === 0)
    const waits = plan.start.map(container => this.#backoff(container, observed)).filter(wait => wait > 0)
    if (due.length > 0) waits.push(await this.#startDue(due, plan, observed))
    if (due.length < plan.start.length) await this.#writeStatus(observed)
    return Math.min(SAFETY_NET, ...waits)
  }

  async #startDue(due: Container[], plan: Plan, observed: Observed): Promise<number> {
    const images = new Map(due.map(container => [container.name, settle(this.#image(container))]))
    try {
      const [volumes, sandbox] = await Promise.all([
        this.#mountVolumes(),
        this.#ensureSandbox(plan, observed),
      ])
      const results = await Promise.all(
        due.map(container =>
          this.#startOne(container, images.get(container.name)!, volumes, sandbox, observed),
        ),
      )
      this.#awake ||= results.includes(0)
      return Math.min(SAFETY_NET, ...results.filter(wait => wait > 0))
    } catch (error) {
      await Promise.all(images.values())
      return this.#sandboxFailed(error as Error)
    }
  }

  #image(container: Container): Promise<RuntimeImage> {
    return ensureImage(this.#context, this.pod, container, this.#aborted.signal)
  }

  async #mountVolumes(): Promise<Map<string, MountedVolume>> {
    this.#volumes ??= await this.#context.volumes.mount(this.pod)
    return this.#volumes
  }

  async #ensureSandbox(plan: Plan, observed: Observed): Promise<{ id: string; podIPs: string[] }> {
    const there = readySandbox(observed)
    const attempt = observed.sandboxes.length === 0 ? 0 : observed.sandboxes[0]!.metadata.attempt + 1
    this.#sandbox ??= sandboxConfig(this.pod, attempt, podLogDir(this.#context, this.pod), this.#context.dns)
    if (!plan.createSandbox && there) return { id: there.id, podIPs: this.#podIPs(observed) }
    await this.#clearSandboxes(observed)
    if (observed.sandboxes.length > 0) {
      const message = 'Pod sandbox changed, it will be killed and re-created.'
      this.#context.recorder.event(this.pod, 'Normal', 'SandboxChanged', message)
    }
    await createPodCgroup(this.pod)
    this.#sandbox = sandboxConfig(this.pod, attempt, podLogDir(this.#context, this.pod), this.#context.dns)
    const { runtime } = this.#context
    const id = await runtime.runPodSandbox(this.#sandbox, '').catch(cause => {
      throw new SandboxError((cause as Error).message, { cause })
    })
    const { network } = await runtime.podSandboxStatus(id)
    const podIPs = network?.ip ? [network.ip, ...network.additionalIps.map(({ ip }) => ip)] : []
    return { id, podIPs: this.pod.spec.hostNetwork ? [this.#context.hostIP] : podIPs }
  }

  /** Dead sandboxes go with their containers' network; the containers' last runs stay for their logs and status. */
  async #clearSandboxes({ sandboxes }: Observed): Promise<void> {
    await Promise.all(sandboxes.map(({ id }) => this.#context.runtime.stopPodSandbox(id)))
  }

  #podIPs(observed: Observed): string[] {
    if (this.pod.spec.hostNetwork) return readySandbox(observed) ? [this.#context.hostIP] : []
    const network = observed.sandboxes[0]?.network
    return network?.ip ? [network.ip, ...network.additionalIps.map(({ ip }) => ip)] : []
  }

  #sandboxFailed(error: Error): number {
    const { recorder } = this.#context
    if (error instanceof VolumeError) {
      recorder.event(this.pod, 'Warning', 'FailedMount', error.message)
      return RETRY_VOLUMES
    }
    if (!(error instanceof SandboxError)) throw error
    const message = `Failed to create pod sandbox: rpc error: code = Unknown desc = ${error.message}`
    recorder.event(this.pod, 'Warning', 'FailedCreatePodSandBox', message)
    return RETRY_VOLUMES
  }

  /** 0 when the container was started, else the milliseconds until another try. */
  async #startOne(
    container: Container,
    image: Promise<Settled<RuntimeImage>>,
    volumes: Map<string, MountedVolume>,
    { id: sandboxId, podIPs }: { id: string; podIPs: string[] },
    observed: Observed,
  ): Promise<number> {
    const last = latestRun(observed, container.name)
    const restartCount = last ? restartCountOf(last) + 1 : 0
    const inputs = { sandboxId, sandbox: this.#sandbox!, podIPs, volumes, restartCount }
    try {
      const found = await image
      if ('error' in found) throw found.error
      if (this.#aborted.signal.aborted) return SAFETY_NET
      if (last) this.#countCrash(container, last)
      await startContainer(this.#context, this.pod, container, found.value, inputs)
      this.#waiting.delete(container.name)
      return 0
    } catch (error) {
      return this.#startFailed(container, error as Error, observed)
    }
  }

  async #startFailed(container: Container, error: Error, observed: Observed): Promise<number> {
    if (!(error instanceof ImageError || error instanceof StartError)) throw error
    this.#waiting.set(container.name, { reason: error.reason, message: error.message })
    await this.#writeStatus(observed)
    if (error instanceof StartError) return RETRY_VOLUMES
    if (error.reason !== 'ErrImagePull') return error.retryAfter
    const wait = Math.min(error.retryAfter, RETRY_VOLUMES)
    return wait
  }

  /** The first restart comes at once; each further one waits longer unless the container ran for ten minutes. */
  #countCrash(container: Container, last: { startedAt: number; finishedAt: number }): void {
    const key = this.#crashKey(container)
    if ((last.finishedAt - last.startedAt) / 1e6 > STEADY_RUN) this.#context.crashes.forget(key)
    this.#context.crashes.fail(key)
  }

  #crashKey = ({ name }: Container): string => `${this.pod.metadata.uid}/${name}`

  #backoff(container: Container, observed: Observed): number {
    const run = latestRun(observed, container.name)
    if (run?.state !== 'CONTAINER_EXITED') return 0
    const key = this.#crashKey(container)
    const delay = this.#context.crashes.delay(key)
    const remaining = Math.max(0, run.finishedAt / 1e6 + delay - Date.now())
    if (delay === 0 || remaining === 0) return 0
    const { name, namespace, uid } = this.pod.metadata
    const seconds = formatDelay(delay)
    const what = `restarting failed container=${container.name} pod=${name}_${namespace}(${uid})`
    const known = this.#waiting.get(container.name)
    this.#waiting.set(container.name, { reason: 'CrashLoopBackOff', message: `back-off ${seconds} ${what}` })
    if (known?.reason !== 'CrashLoopBackOff') {
      const message = `Back-off restarting failed container ${container.name} in pod ${name}_${namespace}(${uid})`
      this.#context.recorder.event(
        this.pod,
        'Warning',
        'BackOff',
        message,
        `spec.containers{${container.name}}`,
      )
    }
    return remaining
  }

  async #removeOldRuns(observed: Observed): Promise<void> {
    const old = [...observed.containers.values()].flatMap(runs =>
      runs.slice(KEPT_RUNS + 1).filter(({ state }) => state !== 'CONTAINER_RUNNING'),
    )
    await Promise.all(old.map(({ id }) => this.#context.runtime.removeContainer(id)))
  }

  async #writeStatus(observed: Observed): Promise<void> {
    await this.#status.write(this.pod, observed, {
      waiting: this.#waiting,
      podIPs: this.#podIPs(observed),
      hasSandbox: readySandbox(observed) !== undefined,
      ended: this.#ended,
      startTime: this.#startTime,
    })
  }

  async #stopSandboxes({ sandboxes }: Observed): Promise<void> {
    const ready = sandboxes.filter(({ state }) => state === 'SANDBOX_READY')
    await Promise.all(ready.map(({ id }) => this.#context.runtime.stopPodSandbox(id)))
  }

  /** The Pod is over (all done, or a deadline): nothing runs, its last containers stay for their logs. */
  async #finish(observed: Observed): Promise<number> {
    await stopPod(this.#context, this.pod, observed, this.pod.spec.terminationGracePeriodSeconds ?? 30)
    const after = await observe(this.#context.runtime, this.pod)
    await this.#writeStatus(after)
    await this.#stopSandboxes(after)
    return SAFETY_NET
  }

  /** Deletion was asked for: end the containers, tell their last status, take everything away, let the object go. */
  async #terminate(observed: Observed): Promise<'gone'> {
    const { deletionGracePeriodSeconds } = this.pod.metadata
    const seconds = deletionGracePeriodSeconds ?? this.pod.spec.terminationGracePeriodSeconds ?? 30
    await stopPod(this.#context, this.pod, observed, seconds)
    const after = await observe(this.#context.runtime, this.pod)
    this.#waiting.clear()
    await this.#writeStatus(after).catch(ignoreNotFound)
    await this.#release(after)
    const { name, namespace, uid } = this.pod.metadata
    const options = { gracePeriodSeconds: 0, preconditions: { uid: uid! } }
    await this.#context.client.delete(pods, { name, namespace }, options).catch(ignoreNotFound)
    return 'gone'
  }

  /** The object is gone already: nobody waits for a grace period any more. */
  async #clear(observed: Observed): Promise<'gone'> {
    await stopPod(this.#context, this.pod, observed, LEAST_GRACE)
    await this.#release(observed)
    return 'gone'
  }

  async #release({ sandboxes, containers }: Observed): Promise<void> {
    const { runtime, volumes, probes, crashes } = this.#context
    for (const runs of containers.values()) for (const { id } of runs) probes.forget(id)
    for (const { name } of this.pod.spec.containers) crashes.forget(`${this.pod.metadata.uid}/${name}`)
    await Promise.all(sandboxes.map(({ id }) => runtime.stopPodSandbox(id)))
    await Promise.all(sandboxes.map(({ id }) => runtime.removePodSandbox(id)))
    await volumes.unmount(this.pod.metadata.uid!)
    await removePodCgroup(cgroupParent(this.pod))
  }
}

const LEAST_GRACE = 2

/** The runtime could not make the Pod's namespaces or network. */
class SandboxError extends Error {
  readonly code = 'SANDBOX'
}

type Settled<T> = { value: T } | { error: unknown }

const settle = <T>(promise: Promise<T>): Promise<Settled<T>> =>
  promise.then(
    value => ({ value }),
    error => ({ error }),
  )

function ignoreNotFound(error: unknown): void {
  if (!isNotFound(error)) throw error
}

/** `10s`, `1m20s`, `5m0s`, as Go prints durations. */
function formatDelay(milliseconds: number): string {
  const seconds = Math.round(milliseconds / 1000)
  return seconds < 60 ? `${seconds}s` : `${Math.floor(seconds / 60)}m${seconds % 60}s`
}
