import type { Client } from '../../api/client/client.ts'
import { createEventRecorder } from '../../api/client/event-recorder.ts'
import { createInformerFactory } from '../../api/client/informer.ts'
import { nodes, pods } from '../../api/kinds/core.ts'
import type { Pod } from '../../api/kinds/types.ts'
import { objectKey } from '../../api/meta/object.ts'
import { isConflict, isNotFound } from '../../api/meta/status.ts'
import { now } from '../../api/meta/time.ts'
import type { Logger } from '../../plugins/plugin.ts'
import type { NodeInfo, SchedulerPlugin } from '../../plugins/scheduler.ts'
import { BUILTIN_STEPS, schedulePod } from './framework.ts'
import { findPreemption } from './preemption.ts'
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

const isOver = ({ status }: Pod): boolean => status?.phase === 'Succeeded' || status?.phase === 'Failed'

/** Binds Pods to nodes until the signal aborts: one decision at a time, bindings at the same time. */
export async function startScheduler(options: SchedulerOptions): Promise<void> {
  const { client, log, signal, plugins = [], schedulerName = 'default-scheduler' } = options
  const informers = createInformerFactory(client, signal)
  const recorder = createEventRecorder(client, { component: schedulerName })
  const podCache = informers.informer(pods)
  const nodeCache = informers.informer(nodes)
  const snapshot = createSnapshot()
  const queue = createSchedulingQueue()
  const steps = [...BUILTIN_STEPS, ...plugins]
  signal.addEventListener('abort', () => queue.shutDown(), { once: true })

  nodeCache.addHandler({
    added: node => {
      snapshot.setNode(node)
      queue.activateAll()
    },
    updated: node => {
      snapshot.setNode(node)
      queue.activateAll()
    },
    deleted: ({ metadata }) => snapshot.removeNode(metadata.name),
  })
  const seePod = (pod: Pod): void => {
    const key = objectKey(pod)
    if (isOver(pod)) forget(pod)
    else if (pod.spec.nodeName) {
      queue.remove(key)
      snapshot.setPod(pod)
    } else if (isMine(pod)) queue.add(key, pod.spec.priority ?? 0)
  }
  const forget = (pod: Pod): void => {
    queue.remove(objectKey(pod))
    snapshot.removePod(objectKey(pod))
    if (pod.spec.nodeName) queue.activateAll()
  }
  const isMine = ({ spec, metadata }: Pod): boolean =>
    (spec.schedulerName ?? 'default-scheduler') === schedulerName &&
    !metadata.deletionTimestamp &&
    !spec.schedulingGates?.length
  podCache.addHandler({
    added: seePod,
    updated: (pod, old) => {
      const isOwnNews =
        !pod.spec.nodeName && pod.metadata.generation === old.metadata.generation && !isOver(pod)
      if (!isOwnNews) seePod(pod)
    },
    deleted: forget,
  })
  await Promise.all([podCache.synced(), nodeCache.synced()])

  for (let key = await queue.take(); key !== undefined; key = await queue.take()) {
    const pod = podCache.get(key)
    if (!pod || pod.spec.nodeName || !isMine(pod)) continue
    const decision = schedulePod(pod, snapshot.nodes(), steps)
    if (decision.nodeName === undefined) {
      queue.park(key, pod.spec.priority ?? 0)
      void reject(pod, decision.message, decision.candidates)
    } else {
      snapshot.setPod({ ...pod, spec: { ...pod.spec, nodeName: decision.nodeName } })
      void bind(pod, decision.nodeName)
    }
  }

  async function bind(pod: Pod, nodeName: string): Promise<void> {
    const { name, namespace, uid } = pod.metadata
    const binding = {
      apiVersion: 'v1',
      kind: 'Binding',
      metadata: { name, namespace, uid },
      target: { apiVersion: 'v1', kind: 'Node', name: nodeName },
    }
    try {
      for (const step of plugins) if (await step.bind?.(pod, nodeName)) return
      await client.create(pods, binding as never, { name: { name, namespace }, subresource: 'binding' })
      recorder.event(pod, 'Normal', 'Scheduled', `Successfully assigned ${namespace}/${name} to ${nodeName}`)
    } catch (error) {
      if (podCache.get(objectKey(pod))?.spec.nodeName) return
      snapshot.removePod(objectKey(pod))
      if (isNotFound(error) || isConflict(error)) return
      log.warn({ pod: objectKey(pod), error: (error as Error).message }, 'binding failed, trying again')
      queue.park(objectKey(pod), pod.spec.priority ?? 0)
      queue.activateAll()
    }
  }

  async function reject(pod: Pod, why: string, candidates: NodeInfo[]): Promise<void> {
    const preemption = findPreemption(pod, candidates, snapshot.nodes(), steps)
    const count = snapshot.nodes().length
    const helpless = `preemption: 0/${count} nodes are available: ${preemptionReasons(count, candidates.length)}`
    const message = preemption || count === 0 ? why : `${why} ${helpless}`
    recorder.event(pod, 'Warning', 'FailedScheduling', message)
    const condition = {
      type: 'PodScheduled',
      status: 'False',
      reason: 'Unschedulable',
      message,
      lastTransitionTime: now(),
      lastProbeTime: null,
    }
    const status = { conditions: [condition], ...(preemption && { nominatedNodeName: preemption.nodeName }) }
    await client
      .patch(pods, pod.metadata, { type: 'strategic', body: { status } }, { subresource: 'status' })
      .catch(() => {})
    for (const victim of preemption?.victims ?? []) {
      recorder.event(
        victim,
        'Normal',
        'Preempted',
        `Preempted by pod ${pod.metadata.uid} on node ${preemption!.nodeName}`,
      )
      await client.delete(pods, victim.metadata).catch(() => {})
    }
  }
}

function preemptionReasons(count: number, resolvable: number): string {
  const parts = [
    ...(resolvable > 0 ? [`${resolvable} No preemption victims found for incoming pod`] : []),
    ...(count > resolvable ? [`${count - resolvable} Preemption is not helpful for scheduling`] : []),
  ]
  return `${parts.join(', ')}.`
}
