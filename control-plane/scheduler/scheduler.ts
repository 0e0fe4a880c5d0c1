import { hostname } from 'node:os'
import { isDeepStrictEqual } from 'node:util'
import type { Client } from '../../api/client/client.ts'
import { createSeriesRecorder } from '../../api/client/event-series.ts'
import { createInformerFactory } from '../../api/client/informer.ts'
import { namespaces, nodes, pods } from '../../api/kinds/core.ts'
import { podDisruptionBudgets } from '../../api/kinds/policy.ts'
import type { Node, Pod } from '../../api/kinds/types.ts'
import { objectKey } from '../../api/meta/object.ts'
import { isConflict, isNotFound } from '../../api/meta/status.ts'
import { now } from '../../api/meta/time.ts'
import type { Logger } from '../../plugins/plugin.ts'
import type { CycleState, SchedulerPlugin } from '../../plugins/scheduler.ts'
import { conditionPatch } from '../controllers/pod-condition.ts'
import { bindPod, reserve, unreserve } from './binding.ts'
import { BUILTIN_STEPS, type Cluster, type Decision, schedulePod } from './framework.ts'
import { createNominations } from './nominations.ts'
import { defaultPreemption } from './preemption.ts'
import { createSchedulingQueue } from './queue.ts'
import { createSnapshot } from './snapshot.ts'

export interface SchedulerOptions {
  client: Client
  /** Steps of third parties, after the built-in ones. */
  plugins?: readonly SchedulerPlugin[]
  /** The name Pods ask for by `spec.schedulerName`. */
  schedulerName?: string
  log: Logger
  signal: AbortSignal
}

/** Most characters an event's note may have. */
const LONGEST_NOTE = 1_024

const isOver = ({ status }: Pod): boolean => status?.phase === 'Succeeded' || status?.phase === 'Failed'

/** Binds Pods to nodes until the signal aborts: one decision at a time, bindings at the same time. */
export async function startScheduler(options: SchedulerOptions): Promise<void> {
  const { client, log, signal, plugins = [], schedulerName = 'default-scheduler' } = options
  const informers = createInformerFactory(client, signal)
  const recorder = createSeriesRecorder(client, schedulerName, `${schedulerName}-${hostname()}`)
  const podCache = informers.informer(pods)
  const nodeCache = informers.informer(nodes)
  const namespaceCache = informers.informer(namespaces)
  const budgetCache = informers.informer(podDisruptionBudgets)
  const snapshot = createSnapshot()
  const nominations = createNominations()
  const filters = [...BUILTIN_STEPS, ...plugins]
  const steps = [...filters, defaultPreemption({ steps: filters, budgets: () => budgetCache.list() })]
  const queue = createSchedulingQueue(steps.findLast(step => step.queueSort)!.queueSort!)
  signal.addEventListener('abort', () => queue.shutDown(), { once: true })

  nodeCache.addHandler({
    added: seeNode,
    updated: (node, old) => {
      if (!isHeartbeat(node, old)) seeNode(node)
    },
    deleted: ({ metadata }) => snapshot.removeNode(metadata.name),
  })
  podCache.addHandler({
    added: seePod,
    updated: (pod, old) => {
      const isOwnNews =
        !pod.spec.nodeName && pod.metadata.generation === old.metadata.generation && !isOver(pod)
      if (!isOwnNews) seePod(pod)
    },
    deleted: forget,
  })
  await Promise.all([podCache, nodeCache, namespaceCache, budgetCache].map(cache => cache.synced()))

  const cluster = (): Cluster => ({
    nodes: snapshot.nodes(),
    withNominated: nominations.withNominated,
    namespaceLabels: name => namespaceCache.get(name)?.metadata.labels,
  })
  for (let key = await queue.take(); key !== undefined; key = await queue.take()) {
    const pod = podCache.get(key)
    if (!pod || pod.spec.nodeName || !isMine(pod)) continue
    try {
      const decision = schedulePod(pod, cluster(), steps)
      if (decision.nodeName === undefined) refuse(key, pod, decision)
      else accept(pod, decision)
    } catch (error) {
      retryLater(pod, error as Error)
    }
  }

  function seeNode(node: Node): void {
    snapshot.setNode(node)
    queue.activateAll()
  }

  function seePod(pod: Pod): void {
    const key = objectKey(pod)
    if (isOver(pod)) forget(pod)
    else if (pod.spec.nodeName) {
      queue.remove(key)
      nominations.remove(pod)
      snapshot.setPod(pod)
    } else if (isMine(pod)) {
      const nominated = pod.status?.nominatedNodeName
      if (nominated) nominations.set(pod, nominated)
      queue.add(key, pod)
    }
  }

  function forget(pod: Pod): void {
    queue.remove(objectKey(pod))
    nominations.remove(pod)
    snapshot.removePod(objectKey(pod))
    if (pod.spec.nodeName) queue.activateAll()
  }

  function isMine({ spec, metadata }: Pod): boolean {
    return (
      (spec.schedulerName ?? 'default-scheduler') === schedulerName &&
      !metadata.deletionTimestamp &&
      !spec.schedulingGates?.length
    )
  }

  function accept(pod: Pod, { nodeName, state }: Decision & { nodeName: string }): void {
    reserve(pod, nodeName, state, steps)
    snapshot.setPod({ ...pod, spec: { ...pod.spec, nodeName } })
    nominations.remove(pod)
    void bind(pod, nodeName, state)
  }

  async function bind(pod: Pod, nodeName: string, state: CycleState): Promise<void> {
    const { name, namespace } = pod.metadata
    try {
      await bindPod(client, pod, nodeName, state, steps, signal)
      const note = `Successfully assigned ${namespace}/${name} to ${nodeName}`
      recorder.record({ regarding: pod, type: 'Normal', reason: 'Scheduled', action: 'Binding', note })
    } catch (error) {
      if (podCache.get(objectKey(pod))?.spec.nodeName) return
      unreserve(pod, nodeName, state, steps)
      snapshot.removePod(objectKey(pod))
      if (isNotFound(error) || isConflict(error)) return
      retryLater(pod, error as Error)
    }
  }

  /** Something went wrong that has nothing to do with how full the nodes are. */
  function retryLater(pod: Pod, error: Error): void {
    log.warn({ pod: objectKey(pod), error: error.message }, 'scheduling failed, trying again')
    tellFailure(pod, error.message)
    queue.park(objectKey(pod), pod)
    queue.activateAll()
  }

  function refuse(key: string, pod: Pod, decision: Decision & { nodeName: undefined }): void {
    const { message, preemption } = decision
    queue.park(key, pod)
    tellFailure(pod, message)
    if (preemption) nominations.set(pod, preemption.nodeName)
    void tellStatus(pod, message, preemption?.nodeName)
    for (const victim of preemption?.victims ?? []) void takeAway(victim, pod, preemption!.nodeName)
  }

  function tellFailure(pod: Pod, message: string): void {
    const note = message.length > LONGEST_NOTE ? `${message.slice(0, LONGEST_NOTE - 4)} ...` : message
    recorder.record({
      regarding: pod,
      type: 'Warning',
      reason: 'FailedScheduling',
      action: 'Scheduling',
      note,
    })
  }

  async function tellStatus(pod: Pod, message: string, nominatedNodeName: string | undefined) {
    const observedGeneration = pod.metadata.generation
    const condition = {
      type: 'PodScheduled',
      observedGeneration,
      status: 'False',
      reason: 'Unschedulable',
      message,
    }
    const status = {
      conditions: [{ ...condition, lastTransitionTime: now(), lastProbeTime: null }],
      ...(nominatedNodeName && { nominatedNodeName }),
    }
    const body = { metadata: { uid: pod.metadata.uid }, status }
    await patchStatus(pod, body)
  }

  async function takeAway(victim: Pod, pod: Pod, nodeName: string): Promise<void> {
    const message = `${schedulerName}: preempting to accommodate a higher priority pod`
    const condition = {
      type: 'DisruptionTarget',
      status: 'True',
      reason: 'PreemptionByScheduler',
      message,
    } as const
    const status = conditionPatch(victim, condition)
    await patchStatus(victim, { metadata: { uid: victim.metadata.uid }, status })
    const preconditions = { uid: victim.metadata.uid! }
    try {
      await client.delete(pods, victim.metadata, { preconditions })
      const note = `Preempted by pod ${pod.metadata.uid} on node ${nodeName}`
      const said = { type: 'Normal', reason: 'Preempted', action: 'Preempting', note } as const
      recorder.record({ regarding: victim, related: pod, ...said })
    } catch (error) {
      if (!isNotFound(error))
        log.warn({ pod: objectKey(victim), error: (error as Error).message }, 'cannot preempt')
    }
  }

  /** A Pod that has changed or gone is looked at again anyway. */
  async function patchStatus(pod: Pod, body: object): Promise<void> {
    await client
      .patch(pods, pod.metadata, { type: 'strategic', body }, { subresource: 'status' })
      .catch(error =>
        log.debug({ pod: objectKey(pod), error: (error as Error).message }, 'status not written'),
      )
  }
}

/** A node that only says that it lives changes nothing for any Pod. */
function isHeartbeat(node: Node, old: Node): boolean {
  const facts = ({ metadata, spec, status }: Node) => [
    metadata.labels,
    spec,
    status?.allocatable,
    status?.images,
  ]
  return isDeepStrictEqual(facts(node), facts(old))
}
