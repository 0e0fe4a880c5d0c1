import { isDeepStrictEqual } from 'node:util'
import type { Controller, ReconcileResult } from '../../../api/client/controller.ts'
import { deployments, replicaSets } from '../../../api/kinds/apps.ts'
import { pods } from '../../../api/kinds/core.ts'
import type { Deployment, Pod, ReplicaSet } from '../../../api/kinds/types.ts'
import { isNotFound } from '../../../api/meta/status.ts'
import { adopters, claim } from '../claim.ts'
import type { ControllerContext } from '../context.ts'
import { controlledBy, indexByController, ownerKey } from '../owner.ts'
import { isTerminal } from '../pod-facts.ts'
import { byRevision, REVISION_ANNOTATION } from './annotations.ts'
import { isActiveSet, newSetSize, oldSetSizes, sizeOf, wantedReplicas } from './arithmetic.ts'
import {
  type DeploymentStatus,
  findCondition,
  type NewCondition,
  progressing,
  withCondition,
} from './conditions.ts'
import { DESIRED_ANNOTATION, proportionalSizes } from './proportional.ts'
import { createReplicaSetControl, findNewSet, shownRevision } from './replica-sets.ts'
import { countedStatus, hasDeadline, isComplete, rolloutStatus, stuckCheckIn } from './status.ts'

/** A Deployment and its ReplicaSets as one pass sees them. `newSet` is the one of the present template. */
interface View {
  deployment: Deployment
  sets: ReplicaSet[]
  newSet: ReplicaSet | undefined
  oldSets: ReplicaSet[]
}

const NO_LIMIT = 2 ** 31 - 1

/** Rolls a Deployment's Pods from one template to the next by growing one ReplicaSet and shrinking the others. */
export function deploymentController({ client, informers, recorder }: ControllerContext): Controller {
  const cache = informers.informer(deployments)
  const setCache = informers.informer(replicaSets)
  const podCache = informers.informer(pods)
  const control = createReplicaSetControl(client, recorder)
  indexByController(setCache)
  indexByController(podCache)
  return {
    name: 'deployment',
    watches: [
      { kind: deployments },
      {
        kind: replicaSets,
        keys: (set, old) => [
          ...ownerKey(deployments, set),
          ...(old ? ownerKey(deployments, old) : []),
          ...adopters(cache, set),
        ],
      },
      { kind: pods, keys: pod => recreating(pod) },
    ],
    async reconcile(key) {
      const deployment = cache.get(key)
      if (!deployment) return
      const sets = await claim(
        { client, owners: deployments, owned: replicaSets, cache: setCache },
        deployment,
      )
      const view = viewOf(deployment, sets)
      if (deployment.metadata.deletionTimestamp)
        return writeStatus(view, countedStatus(deployment, sets, view.newSet))
      const change = pauseCondition(deployment)
      if (change) return writeCondition(deployment, change)
      if (deployment.spec.paused || isScaling(view)) return scaleOnly(view)
      return deployment.spec.strategy?.type === 'Recreate' ? recreate(view) : roll(view)
    },
  }

  /** A Deployment that recreates waits for the last of its old Pods, which no ReplicaSet counts any more. */
  function recreating(pod: Pod): string[] {
    if (podCache.get(`${pod.metadata.namespace}/${pod.metadata.name}`) && !isTerminal(pod)) return []
    const [setKey] = ownerKey(replicaSets, pod)
    const set = setKey === undefined ? undefined : setCache.get(setKey)
    return set ? ownerKey(deployments, set) : []
  }

  /** Sizes the sets by a wanted number that changed, and rolls nothing. */
  async function scaleOnly(view: View): Promise<ReconcileResult | undefined> {
    const { deployment, newSet, oldSets } = view
    if (newSet && (await control.annotate(deployment, newSet, oldSets))) return
    await resizeAll(deployment, view.sets, scaledSizes(view))
    if (deployment.spec.paused) await removeHistory(deployment, oldSets)
    return writeStatus(view, countedStatus(deployment, view.sets, newSet))
  }

  async function roll(view: View): Promise<ReconcileResult | undefined> {
    const { deployment, newSet, oldSets } = view
    if (!newSet) return startRollout(view)
    if (await control.annotate(deployment, newSet, oldSets)) return
    if (hasDeadline(deployment) && !findCondition(deployment.status, 'Progressing')) {
      const message = `Found new replica set "${newSet.metadata.name}"`
      return writeCondition(deployment, progressing('True', 'FoundNewReplicaSet', message), newSet)
    }
    const size = newSetSize(deployment, sizeOf(newSet), view.sets)
    const hasGrown = await control.resize(deployment, newSet, size)
    if (!hasGrown) await resizeAll(deployment, oldSets, oldSetSizes(deployment, newSet, oldSets))
    return finishPass(view)
  }

  async function recreate(view: View): Promise<ReconcileResult | undefined> {
    const { deployment, newSet, oldSets } = view
    const active = oldSets.filter(isActiveSet)
    for (const set of active) await control.resize(deployment, set, 0)
    if (active.length > 0 || oldSets.some(hasPods)) return finishPass(view)
    if (!newSet) return startRollout(view)
    if (await control.annotate(deployment, newSet, oldSets)) return
    await control.resize(deployment, newSet, wantedReplicas(deployment))
    return finishPass(view)
  }

  async function startRollout({ deployment, sets }: View): Promise<undefined> {
    try {
      const made = await control.create(deployment, sets)
      if (!made?.isNew || !hasDeadline(deployment)) return
      const message = `Created new replica set "${made.set.metadata.name}"`
      await writeCondition(deployment, progressing('True', 'NewReplicaSetCreated', message), made.set)
    } catch (error) {
      const message = `Failed to create new replica set: ${(error as Error).message}`
      recorder.event(deployment, 'Warning', 'ReplicaSetCreateError', message)
      if (hasDeadline(deployment)) {
        await writeCondition(deployment, progressing('False', 'ReplicaSetCreateError', message))
      }
      throw error
    }
  }

  function hasPods(set: ReplicaSet): boolean {
    return (set.status?.replicas ?? 0) > 0 || controlledBy(podCache, set).some(pod => !isTerminal(pod))
  }

  async function resizeAll(deployment: Deployment, sets: readonly ReplicaSet[], sizes: Map<string, number>) {
    for (const set of sets) {
      const size = sizes.get(set.metadata.name)
      if (size !== undefined) await control.resize(deployment, set, size)
    }
  }

  async function finishPass(view: View): Promise<ReconcileResult | undefined> {
    const { deployment, sets, newSet, oldSets } = view
    if (deployment.status && isComplete(deployment, deployment.status))
      await removeHistory(deployment, oldSets)
    return writeStatus(view, rolloutStatus(deployment, sets, newSet, Date.now()))
  }

  async function removeHistory({ spec }: Deployment, oldSets: readonly ReplicaSet[]): Promise<void> {
    const limit = spec.revisionHistoryLimit ?? 10
    if (limit === NO_LIMIT) return
    const alive = oldSets.filter(({ metadata }) => !metadata.deletionTimestamp)
    const surplus = alive.sort(byRevision).slice(0, Math.max(0, alive.length - limit))
    for (const set of surplus.filter(isIdle)) {
      await client.delete(replicaSets, set.metadata).catch(error => {
        if (!isNotFound(error)) throw error
      })
    }
  }

  async function writeStatus(view: View, status: DeploymentStatus): Promise<ReconcileResult | undefined> {
    const { deployment } = view
    const revision = shownRevision(deployment, view.newSet)
    const isSame = isDeepStrictEqual(withZeros(status), withZeros(deployment.status))
    if (!isSame || deployment.metadata.annotations?.[REVISION_ANNOTATION] !== revision) {
      await patchStatus(deployment, status, revision)
    }
    const requeueAfter = stuckCheckIn(deployment, status, Date.now())
    return requeueAfter === undefined ? undefined : { requeueAfter }
  }

  async function writeCondition(
    deployment: Deployment,
    condition: NewCondition,
    newSet?: ReplicaSet,
  ): Promise<undefined> {
    const conditions = withCondition(deployment.status?.conditions ?? [], condition)
    await patchStatus(deployment, { conditions }, shownRevision(deployment, newSet))
  }

  async function patchStatus(
    { metadata }: Deployment,
    status: DeploymentStatus,
    revision: string | undefined,
  ): Promise<void> {
    const annotations = revision === undefined ? {} : { [REVISION_ANNOTATION]: revision }
    const body = { metadata: { uid: metadata.uid, annotations }, status }
    await client.patch(deployments, metadata, { type: 'merge', body }, { subresource: 'status' })
  }
}

function viewOf(deployment: Deployment, sets: ReplicaSet[]): View {
  const newSet = findNewSet(deployment, sets)
  return { deployment, sets, newSet, oldSets: sets.filter(set => set !== newSet) }
}

/** The wanted number changed since the sets were last sized. */
function isScaling({ deployment, sets }: View): boolean {
  return sets.filter(isActiveSet).some(({ metadata }) => {
    const desired = metadata.annotations?.[DESIRED_ANNOTATION]
    return desired !== undefined && desired !== String(wantedReplicas(deployment))
  })
}

/** Sizes after a change of the wanted number: of the one set that has Pods, or of all in proportion. */
function scaledSizes({ deployment, newSet, oldSets, sets }: View): Map<string, number> {
  const wanted = wantedReplicas(deployment)
  const active = sets.filter(isActiveSet)
  const latest = [...oldSets].sort(byRevision).at(-1)
  const only = active.length === 1 ? active[0] : active.length === 0 ? (newSet ?? latest) : undefined
  if (only) return new Map([[only.metadata.name, wanted]])
  if (newSet && sizeOf(newSet) === wanted && newSet.status?.availableReplicas === wanted) {
    return new Map(oldSets.filter(isActiveSet).map(set => [set.metadata.name, 0]))
  }
  return deployment.spec.strategy?.type === 'Recreate' || active.length === 0
    ? new Map()
    : proportionalSizes(deployment, active)
}

/** Pausing and resuming are told by the condition Progressing, unless that says that the rollout is stuck. */
function pauseCondition(deployment: Deployment): NewCondition | undefined {
  if (!hasDeadline(deployment)) return undefined
  const reason = findCondition(deployment.status, 'Progressing')?.reason
  if (reason === 'ProgressDeadlineExceeded') return undefined
  const isShown = reason === 'DeploymentPaused'
  if (deployment.spec.paused && !isShown) {
    return progressing('Unknown', 'DeploymentPaused', 'Deployment is paused')
  }
  if (!deployment.spec.paused && isShown) {
    return progressing('Unknown', 'DeploymentResumed', 'Deployment is resumed')
  }
  return undefined
}

const isIdle = ({ spec, status, metadata }: ReplicaSet): boolean =>
  !spec.replicas && !status?.replicas && (metadata.generation ?? 0) <= (status?.observedGeneration ?? 0)

const withZeros = (status: DeploymentStatus | undefined): DeploymentStatus => ({
  replicas: 0,
  updatedReplicas: 0,
  readyReplicas: 0,
  availableReplicas: 0,
  unavailableReplicas: 0,
  ...status,
})
