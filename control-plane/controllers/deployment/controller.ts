import { isDeepStrictEqual } from 'node:util'
import type { Controller } from '../../../api/client/controller.ts'
import { deployments, replicaSets } from '../../../api/kinds/apps.ts'
import { pods } from '../../../api/kinds/core.ts'
import type { Deployment, ReplicaSet } from '../../../api/kinds/types.ts'
import { isAlreadyExists } from '../../../api/meta/status.ts'
import type { ControllerContext } from '../context.ts'
import { controllerOf, controllerRef, ownerKey } from '../owner.ts'
import { isTerminal } from '../pod-facts.ts'
import { newSetSize, oldSetSizes, proportionalSizes, rolloutBounds } from './arithmetic.ts'
import { deploymentStatus, isComplete } from './status.ts'
import { HASH_LABEL, hasTemplate, templateHash } from './template-hash.ts'

const REVISION = 'deployment.kubernetes.io/revision'
const DESIRED = 'deployment.kubernetes.io/desired-replicas'
const MAX = 'deployment.kubernetes.io/max-replicas'
/** Annotations of a Deployment that say nothing of its ReplicaSets. */
const NOT_COPIED = new Set([
  REVISION,
  DESIRED,
  MAX,
  'kubectl.kubernetes.io/last-applied-configuration',
  'deprecated.deployment.rollback.to',
])

const revisionOf = ({ metadata }: ReplicaSet): number => Number(metadata.annotations?.[REVISION] ?? 0)

/** Rolls a Deployment's Pods from one template to the next by growing one ReplicaSet and shrinking the others. */
export function deploymentController({ client, informers, recorder }: ControllerContext): Controller {
  const cache = informers.informer(deployments)
  const setCache = informers.informer(replicaSets)
  const podCache = informers.informer(pods)
  setCache.addIndex('owner', set => (controllerOf(set) ? [controllerOf(set)!.uid] : []))
  return {
    name: 'deployment',
    watches: [{ kind: deployments }, { kind: replicaSets, keys: set => ownerKey(deployments, set) }],
    async reconcile(key) {
      const deployment = cache.get(key)
      if (!deployment) return
      const sets = setCache.byIndex('owner', deployment.metadata.uid!)
      if (deployment.metadata.deletionTimestamp)
        return writeStatus(deployment, sets, findNewSet(deployment, sets))
      if (deployment.spec.paused || isScaling(deployment, sets)) return scaleOnly(deployment, sets)
      return roll(deployment, sets)
    },
  }

  function findNewSet({ spec }: Deployment, sets: ReplicaSet[]): ReplicaSet | undefined {
    const matching = sets.filter(set => hasTemplate(set, spec.template))
    return matching.sort((a, b) =>
      a.metadata.creationTimestamp! < b.metadata.creationTimestamp! ? -1 : 1,
    )[0]
  }

  /** The wanted number changed since the sets were last sized. */
  function isScaling({ spec }: Deployment, sets: ReplicaSet[]): boolean {
    return sets.some(
      ({ spec: own, metadata }) =>
        (own.replicas ?? 0) > 0 &&
        metadata.annotations?.[DESIRED] !== undefined &&
        metadata.annotations[DESIRED] !== String(spec.replicas),
    )
  }

  async function scaleOnly(deployment: Deployment, sets: ReplicaSet[]) {
    const newSet = findNewSet(deployment, sets)
    const active = sets.filter(({ spec }) => (spec.replicas ?? 0) > 0)
    const wanted = deployment.spec.replicas ?? 1
    if (active.length <= 1) {
      const only = active[0] ?? newSet
      if (only) await resize(deployment, only, wanted)
    } else {
      const total = wanted === 0 ? 0 : wanted + rolloutBounds(deployment).maxSurge
      for (const [name, size] of proportionalSizes(active, total)) {
        await resize(deployment, active.find(set => set.metadata.name === name)!, size)
      }
    }
    return writeStatus(deployment, sets, newSet)
  }

  async function roll(deployment: Deployment, sets: ReplicaSet[]) {
    const recreate = deployment.spec.strategy?.type === 'Recreate'
    const existing = findNewSet(deployment, sets)
    const oldSets = sets.filter(set => set !== existing)
    const oldPodsRun = oldSets.some(set => hasPods(set))
    if (recreate && (oldPodsRun || oldSets.some(({ spec }) => (spec.replicas ?? 0) > 0))) {
      for (const set of oldSets) await resize(deployment, set, 0)
      if (oldPodsRun) return writeStatus(deployment, sets, existing)
    }
    const newSet = existing ?? (await createNewSet(deployment, sets))
    if (!newSet) return
    await setRevision(deployment, newSet, oldSets)
    const all = existing ? sets : [...sets, newSet]
    const grown = newSetSize(deployment, newSet, all)
    if (grown !== newSet.spec.replicas) {
      await resize(deployment, newSet, grown)
      return writeStatus(deployment, all, newSet)
    }
    if (!recreate) {
      for (const [name, size] of oldSetSizes(deployment, newSet, oldSets)) {
        await resize(deployment, oldSets.find(set => set.metadata.name === name)!, size)
      }
    }
    const result = await writeStatus(deployment, all, newSet)
    if (deployment.status && isComplete(deployment, deployment.status))
      await removeHistory(deployment, oldSets)
    return result
  }

  function hasPods(set: ReplicaSet): boolean {
    return podCache.list().some(pod => controllerOf(pod)?.uid === set.metadata.uid && !isTerminal(pod))
  }

  async function createNewSet(deployment: Deployment, sets: ReplicaSet[]): Promise<ReplicaSet | undefined> {
    const { metadata, spec, status } = deployment
    const hash = templateHash(spec.template, status?.collisionCount ?? 0)
    const template = structuredClone(spec.template)
    template.metadata = { ...template.metadata, labels: { ...template.metadata?.labels, [HASH_LABEL]: hash } }
    const selector = structuredClone(spec.selector)
    selector.matchLabels = { ...selector.matchLabels, [HASH_LABEL]: hash }
    const set = {
      apiVersion: 'apps/v1',
      kind: 'ReplicaSet',
      metadata: {
        name: `${metadata.name}-${hash}`,
        namespace: metadata.namespace!,
        labels: template.metadata.labels,
        annotations: annotationsFor(deployment, String(Math.max(0, ...sets.map(revisionOf)) + 1)),
        ownerReferences: [controllerRef(deployments, deployment)],
      },
      spec: {
        replicas: 0,
        selector,
        template,
        ...(spec.minReadySeconds && { minReadySeconds: spec.minReadySeconds }),
      },
    } as unknown as ReplicaSet
    set.spec.replicas = newSetSize(deployment, set, [...sets, set])
    try {
      const created = await client.create(replicaSets, set as never)
      announce(deployment, created, 0, set.spec.replicas)
      return created
    } catch (error) {
      if (!isAlreadyExists(error)) throw error
      return resolveCollision(deployment, set)
    }
  }

  /** The name is taken: by our own set, which the cache has not shown yet, or by another template's. */
  async function resolveCollision(deployment: Deployment, set: ReplicaSet): Promise<ReplicaSet | undefined> {
    const there = await client.get(replicaSets, set.metadata)
    const isOurs =
      controllerOf(there)?.uid === deployment.metadata.uid && hasTemplate(there, deployment.spec.template)
    if (isOurs) return there
    const body = { status: { collisionCount: (deployment.status?.collisionCount ?? 0) + 1 } }
    await client.patch(deployments, deployment.metadata, { type: 'merge', body }, { subresource: 'status' })
    return undefined
  }

  function annotationsFor({ metadata, spec }: Deployment, revision: string): Record<string, string> {
    const copied = Object.entries(metadata.annotations ?? {}).filter(([key]) => !NOT_COPIED.has(key))
    return {
      ...Object.fromEntries(copied),
      ...sizeAnnotations({ metadata, spec } as Deployment),
      [REVISION]: revision,
    }
  }

  function sizeAnnotations(deployment: Deployment): Record<string, string> {
    const wanted = deployment.spec.replicas ?? 1
    return { [DESIRED]: String(wanted), [MAX]: String(wanted + rolloutBounds(deployment).maxSurge) }
  }

  /** An old set that is rolled back to becomes the newest revision; the Deployment shows that revision. */
  async function setRevision(
    deployment: Deployment,
    newSet: ReplicaSet,
    oldSets: ReplicaSet[],
  ): Promise<void> {
    const highest = Math.max(0, ...oldSets.map(revisionOf))
    const revision = revisionOf(newSet) > highest ? revisionOf(newSet) : highest + 1
    if (revisionOf(newSet) !== revision) {
      const body = { metadata: { annotations: { [REVISION]: String(revision) } } }
      await client.patch(replicaSets, newSet.metadata, { type: 'merge', body })
    }
    if (deployment.metadata.annotations?.[REVISION] === String(revision)) return
    const body = { metadata: { annotations: { [REVISION]: String(revision) } } }
    await client.patch(deployments, deployment.metadata, { type: 'merge', body })
  }

  async function resize(deployment: Deployment, set: ReplicaSet, replicas: number): Promise<void> {
    const annotations = sizeAnnotations(deployment)
    const isAnnotated = Object.entries(annotations).every(
      ([key, value]) => set.metadata.annotations?.[key] === value,
    )
    if (set.spec.replicas === replicas && isAnnotated) return
    const body = { metadata: { annotations }, spec: { replicas } }
    await client.patch(replicaSets, set.metadata, { type: 'merge', body })
    announce(deployment, set, set.spec.replicas ?? 0, replicas)
  }

  function announce(deployment: Deployment, set: ReplicaSet, from: number, to: number): void {
    if (from === to) return
    const word = to > from ? 'up' : 'down'
    recorder.event(
      deployment,
      'Normal',
      'ScalingReplicaSet',
      `Scaled ${word} replica set ${set.metadata.name} from ${from} to ${to}`,
    )
  }

  async function writeStatus(deployment: Deployment, sets: ReplicaSet[], newSet: ReplicaSet | undefined) {
    const status = deploymentStatus(deployment, sets, newSet)
    const plain = (value: Deployment['status']) => ({
      replicas: 0,
      updatedReplicas: 0,
      readyReplicas: 0,
      availableReplicas: 0,
      unavailableReplicas: 0,
      ...value,
    })
    if (!isDeepStrictEqual(plain(status), plain(deployment.status))) {
      await client.patch(
        deployments,
        deployment.metadata,
        { type: 'merge', body: { status } },
        { subresource: 'status' },
      )
    }
    const isDone = isComplete(deployment, status) || deployment.spec.paused
    return isDone
      ? undefined
      : { requeueAfter: (deployment.spec.progressDeadlineSeconds ?? 600) * 1000 + 1_000 }
  }

  async function removeHistory({ spec }: Deployment, oldSets: ReplicaSet[]): Promise<void> {
    const idle = oldSets.filter(
      ({ spec: own, status, metadata }) => !own.replicas && !status?.replicas && !metadata.deletionTimestamp,
    )
    const surplus = idle
      .sort((a, b) => revisionOf(a) - revisionOf(b))
      .slice(0, Math.max(0, idle.length - (spec.revisionHistoryLimit ?? 10)))
    for (const set of surplus) await client.delete(replicaSets, set.metadata)
  }
}
