import { isDeepStrictEqual } from 'node:util'
import type { Client } from '../../../api/client/client.ts'
import type { EventRecorder } from '../../../api/client/event-recorder.ts'
import { deployments, replicaSets } from '../../../api/kinds/apps.ts'
import type { Deployment, ReplicaSet } from '../../../api/kinds/types.ts'
import { isAlreadyExists } from '../../../api/meta/status.ts'
import { controllerOf, controllerRef } from '../owner.ts'
import { highestRevision, newSetAnnotations, REVISION_ANNOTATION } from './annotations.ts'
import { newSetSize, sizeOf } from './arithmetic.ts'
import { sizeAnnotations } from './proportional.ts'
import { HASH_LABEL, hasTemplate, templateHash } from './template-hash.ts'

/** Changes a Deployment's ReplicaSets. */
export interface ReplicaSetControl {
  /** The set of the present template, made when it is missing. Undefined when another one took its name: try again. */
  create(
    deployment: Deployment,
    sets: readonly ReplicaSet[],
  ): Promise<{ set: ReplicaSet; isNew: boolean } | undefined>
  /** Gives the set of the present template its annotations, its revision first; true when something changed. */
  annotate(deployment: Deployment, newSet: ReplicaSet, oldSets: readonly ReplicaSet[]): Promise<boolean>
  /** True when the set had another size. */
  resize(deployment: Deployment, set: ReplicaSet, replicas: number): Promise<boolean>
}

/** The oldest set that was made from the present template. */
export function findNewSet({ spec }: Deployment, sets: readonly ReplicaSet[]): ReplicaSet | undefined {
  const matching = sets.filter(set => hasTemplate(set, spec.template))
  matching.sort((a, b) => (a.metadata.creationTimestamp! < b.metadata.creationTimestamp! ? -1 : 1))
  return matching[0]
}

export function createReplicaSetControl(client: Client, recorder: EventRecorder): ReplicaSetControl {
  function announce(deployment: Deployment, name: string, from: number, to: number): void {
    const message = `Scaled ${to > from ? 'up' : 'down'} replica set ${name} from ${from} to ${to}`
    recorder.event(deployment, 'Normal', 'ScalingReplicaSet', message)
  }
  /** The name is taken: by our own set, which the cache has not shown yet, or by another template's. */
  async function resolveCollision(deployment: Deployment, set: ReplicaSet) {
    const there = await client.get(replicaSets, set.metadata)
    const isOurs =
      controllerOf(there)?.uid === deployment.metadata.uid && hasTemplate(there, deployment.spec.template)
    if (isOurs) return { set: there, isNew: false }
    const body = { status: { collisionCount: (deployment.status?.collisionCount ?? 0) + 1 } }
    await client.patch(deployments, deployment.metadata, { type: 'merge', body }, { subresource: 'status' })
    return undefined
  }
  return {
    async create(deployment, sets) {
      const set = newSetOf(deployment, sets)
      try {
        const created = await client.create(replicaSets, set as never)
        if (sizeOf(set) > 0) announce(deployment, created.metadata.name, 0, sizeOf(set))
        return { set: created, isNew: true }
      } catch (error) {
        if (isAlreadyExists(error)) return resolveCollision(deployment, set)
        throw error
      }
    },
    async annotate(deployment, newSet, oldSets) {
      const annotations = newSetAnnotations(
        deployment,
        newSet.metadata.annotations,
        highestRevision(oldSets) + 1n,
      )
      const minReadySeconds = deployment.spec.minReadySeconds ?? 0
      const isSame =
        isDeepStrictEqual(annotations, { ...newSet.metadata.annotations }) &&
        (newSet.spec.minReadySeconds ?? 0) === minReadySeconds
      if (isSame) return false
      const body = { metadata: { annotations }, spec: { minReadySeconds: minReadySeconds || null } }
      await client.patch(replicaSets, newSet.metadata, { type: 'merge', body })
      return true
    },
    async resize(deployment, set, replicas) {
      const annotations = sizeAnnotations(deployment)
      const isSized = Object.entries(annotations).every(
        ([key, value]) => set.metadata.annotations?.[key] === value,
      )
      const before = sizeOf(set)
      if (before === replicas && isSized) return false
      const { resourceVersion } = set.metadata
      const body = { metadata: { resourceVersion, annotations }, spec: { replicas } }
      await client.patch(replicaSets, set.metadata, { type: 'merge', body })
      if (before !== replicas) announce(deployment, set.metadata.name, before, replicas)
      return before !== replicas
    },
  }
}

/** A ReplicaSet of the present template, already of its first size. */
function newSetOf(deployment: Deployment, sets: readonly ReplicaSet[]): ReplicaSet {
  const { metadata, spec, status } = deployment
  const hash = templateHash(spec.template, status?.collisionCount)
  const labels = { ...spec.template.metadata?.labels, [HASH_LABEL]: hash }
  const matchLabels = { ...spec.selector.matchLabels, [HASH_LABEL]: hash }
  return {
    apiVersion: 'apps/v1',
    kind: 'ReplicaSet',
    metadata: {
      name: `${metadata.name}-${hash}`,
      namespace: metadata.namespace!,
      labels,
      annotations: {
        ...newSetAnnotations(deployment, undefined, highestRevision(sets) + 1n),
        ...sizeAnnotations(deployment),
      },
      ownerReferences: [controllerRef(deployments, deployment)],
    },
    spec: {
      replicas: newSetSize(deployment, 0, sets),
      selector: { ...spec.selector, matchLabels },
      template: { ...spec.template, metadata: { ...spec.template.metadata, labels } },
      ...(spec.minReadySeconds && { minReadySeconds: spec.minReadySeconds }),
    },
  } as ReplicaSet
}

/** The revision a Deployment shows: that of its present set. */
export const shownRevision = (deployment: Deployment, newSet: ReplicaSet | undefined): string | undefined =>
  newSet?.metadata.annotations?.[REVISION_ANNOTATION] ??
  deployment.metadata.annotations?.[REVISION_ANNOTATION]
