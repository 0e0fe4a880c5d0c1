import type { Controller } from '../../api/client/controller.ts'
import { createExpectations } from '../../api/client/expectations.ts'
import { replicaSets } from '../../api/kinds/apps.ts'
import { pods } from '../../api/kinds/core.ts'
import type { Pod, ReplicaSet } from '../../api/kinds/types.ts'
import { objectKey } from '../../api/meta/object.ts'
import { labelSelector } from '../../api/meta/selectors.ts'
import { isNotFound } from '../../api/meta/status.ts'
import type { ControllerContext } from './context.ts'
import { controllerOf, controllerRef, ownerKey } from './owner.ts'
import { isActive, isAvailable, isReady, readySince } from './pod-facts.ts'
import { rankForDeletion } from './replica-ranking.ts'

/** Most Pods made or deleted in one pass. */
const BURST = 500

/** Keeps as many Pods of a template as a ReplicaSet wants. */
export function replicaSetController({ client, informers, recorder }: ControllerContext): Controller {
  const sets = informers.informer(replicaSets)
  const podCache = informers.informer(pods)
  const expectations = createExpectations()
  podCache.addIndex('namespace', pod => [pod.metadata.namespace!])
  podCache.addHandler({
    added: pod => expectations.observe('create', ownerKey(replicaSets, pod)[0]),
    deleted: pod => expectations.observe('delete', ownerKey(replicaSets, pod)[0]),
    updated: (pod, old) => {
      if (pod.metadata.deletionTimestamp && !old.metadata.deletionTimestamp) {
        expectations.observe('delete', ownerKey(replicaSets, pod)[0])
      }
    },
  })
  return {
    name: 'replicaset',
    watches: [
      { kind: replicaSets },
      { kind: pods, keys: pod => [...ownerKey(replicaSets, pod), ...adopters(pod)] },
    ],
    async reconcile(key) {
      const set = sets.get(key)
      if (!set) return expectations.forget(key)
      const owned = await claim(set)
      if (expectations.isSatisfied(key) && !set.metadata.deletionTimestamp) await scale(key, set, owned)
      const after = podCache
        .byIndex('namespace', set.metadata.namespace!)
        .filter(pod => isOwned(set, pod) && isActive(pod))
      return writeStatus(set, after)
    },
  }

  /** A Pod without a controller may belong to any set that selects it. */
  function adopters(pod: Pod): string[] {
    if (controllerOf(pod)) return []
    return sets
      .list()
      .filter(
        ({ metadata, spec }) =>
          metadata.namespace === pod.metadata.namespace &&
          labelSelector(spec.selector).matches(pod.metadata.labels),
      )
      .map(objectKey)
  }

  /** The active Pods of a set: its own, after strays were adopted and those that no longer match were let go. */
  async function claim(set: ReplicaSet): Promise<Pod[]> {
    const selector = labelSelector(set.spec.selector)
    const claimed: Pod[] = []
    for (const pod of podCache.byIndex('namespace', set.metadata.namespace!)) {
      const owner = controllerOf(pod)
      const matches = selector.matches(pod.metadata.labels)
      if (!isActive(pod)) continue
      if (owner?.uid === set.metadata.uid && !matches) await release(set, pod)
      else if (owner?.uid === set.metadata.uid) claimed.push(pod)
      else if (!owner && matches && !set.metadata.deletionTimestamp) {
        await adopt(set, pod)
        claimed.push(pod)
      }
    }
    return claimed
  }

  async function adopt(set: ReplicaSet, { metadata }: Pod): Promise<void> {
    const body = { metadata: { uid: metadata.uid, ownerReferences: [controllerRef(replicaSets, set)] } }
    await client.patch(pods, metadata, { type: 'strategic', body })
  }

  async function release(set: ReplicaSet, { metadata }: Pod): Promise<void> {
    const ownerReferences = [{ $patch: 'delete', uid: set.metadata.uid }]
    await client.patch(pods, metadata, {
      type: 'strategic',
      body: { metadata: { uid: metadata.uid, ownerReferences } },
    })
  }

  async function scale(key: string, set: ReplicaSet, owned: Pod[]): Promise<void> {
    const missing = (set.spec.replicas ?? 1) - owned.length
    if (missing > 0) await createPods(key, set, Math.min(missing, BURST))
    else if (missing < 0)
      await deletePods(key, set, rankForDeletion(owned, podCache.list()).slice(0, Math.min(-missing, BURST)))
  }

  /** In batches that double, so that a template nobody can create fails once and not a thousand times. */
  async function createPods(key: string, set: ReplicaSet, count: number): Promise<void> {
    expectations.expect(key, { create: count })
    let made = 0
    for (let batch = 1; made < count; batch *= 2) {
      const size = Math.min(batch, count - made)
      const results = await Promise.allSettled(Array.from({ length: size }, () => createPod(set)))
      made += size
      const failed = results.find(result => result.status === 'rejected')
      for (const result of results) if (result.status === 'rejected') expectations.observe('create', key)
      if (!failed) continue
      for (let left = made; left < count; left++) expectations.observe('create', key)
      throw failed.reason
    }
  }

  async function createPod(set: ReplicaSet): Promise<void> {
    const { metadata = {}, spec } = structuredClone(set.spec.template ?? {}) as any
    const object = {
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: {
        ...metadata,
        generateName: `${set.metadata.name}-`,
        namespace: set.metadata.namespace!,
        ownerReferences: [controllerRef(replicaSets, set)],
      },
      spec,
    }
    try {
      const pod = await client.create(pods, object)
      recorder.event(set, 'Normal', 'SuccessfulCreate', `Created pod: ${pod.metadata.name}`)
    } catch (error) {
      recorder.event(set, 'Warning', 'FailedCreate', `Error creating: ${(error as Error).message}`)
      throw error
    }
  }

  async function deletePods(key: string, set: ReplicaSet, doomed: Pod[]): Promise<void> {
    expectations.expect(key, { delete: doomed.length })
    const results = await Promise.allSettled(doomed.map(pod => deletePod(key, set, pod)))
    const failed = results.find(result => result.status === 'rejected')
    if (failed) throw failed.reason
  }

  async function deletePod(key: string, set: ReplicaSet, { metadata }: Pod): Promise<void> {
    try {
      await client.delete(pods, metadata, { preconditions: { uid: metadata.uid! } })
      recorder.event(set, 'Normal', 'SuccessfulDelete', `Deleted pod: ${metadata.name}`)
    } catch (error) {
      expectations.observe('delete', key)
      if (isNotFound(error)) return
      recorder.event(set, 'Warning', 'FailedDelete', `Error deleting: ${(error as Error).message}`)
      throw error
    }
  }

  async function writeStatus(set: ReplicaSet, owned: Pod[]): Promise<{ requeueAfter: number } | undefined> {
    const { minReadySeconds = 0 } = set.spec
    const time = Date.now()
    const template = labelSelector({ matchLabels: set.spec.template?.metadata?.labels ?? {} })
    const status = {
      replicas: owned.length,
      fullyLabeledReplicas: owned.filter(({ metadata }) => template.matches(metadata.labels)).length,
      readyReplicas: owned.filter(isReady).length,
      availableReplicas: owned.filter(pod => isAvailable(pod, minReadySeconds, time)).length,
      observedGeneration: set.metadata.generation ?? 0,
    }
    const before = { fullyLabeledReplicas: 0, readyReplicas: 0, availableReplicas: 0, ...set.status }
    const isSame = Object.entries(status).every(
      ([field, value]) => before[field as keyof typeof before] === value,
    )
    if (!isSame) {
      await client.patch(
        replicaSets,
        set.metadata,
        { type: 'merge', body: { status } },
        { subresource: 'status' },
      )
    }
    const soon = owned
      .map(readySince)
      .filter((since): since is number => since !== undefined)
      .map(since => since + minReadySeconds * 1000 - time)
      .filter(wait => wait > 0)
    return soon.length > 0 ? { requeueAfter: Math.min(...soon) } : undefined
  }
}

const isOwned = (set: ReplicaSet, pod: Pod): boolean => controllerOf(pod)?.uid === set.metadata.uid
