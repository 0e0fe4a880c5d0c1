import type { Controller } from '../../../api/client/controller.ts'
import { createExpectations } from '../../../api/client/expectations.ts'
import { replicaSets } from '../../../api/kinds/apps.ts'
import { pods, replicationControllers } from '../../../api/kinds/core.ts'
import type { KindDeclaration } from '../../../api/kinds/kind.ts'
import type { Pod, ReplicaSet } from '../../../api/kinds/types.ts'
import { adopters, claim } from '../claim.ts'
import type { ControllerContext } from '../context.ts'
import { controlledBy, controllerOf, indexByController, ownerKey } from '../owner.ts'
import { createPodControl } from '../pod-control.ts'
import { isActive } from '../pod-facts.ts'
import { orderForDeletion } from './deletion-order.ts'
import { isSameStatus, nextAvailableIn, replicaSetStatus, type ScalingFailure } from './status.ts'

/** Most Pods made or deleted in one pass. */
const BURST = 500

/** Keeps as many Pods of a template as a ReplicaSet wants. */
export const replicaSetController = (context: ControllerContext): Controller =>
  replicasController('replicaset', replicaSets, context)

/** The same for ReplicationControllers, whose selector is a map of labels. */
export const replicationController = (context: ControllerContext): Controller =>
  replicasController(
    'replicationcontroller',
    replicationControllers as unknown as KindDeclaration<ReplicaSet>,
    context,
  )

function replicasController(
  name: string,
  kind: KindDeclaration<ReplicaSet>,
  { client, informers, recorder }: ControllerContext,
): Controller {
  const sets = informers.informer(kind)
  const podCache = informers.informer(pods)
  const expectations = createExpectations()
  const control = createPodControl({ client, recorder, owners: kind, expectations })
  indexByController(sets)
  indexByController(podCache)
  control.observe(podCache)
  return {
    name,
    watches: [
      { kind },
      {
        kind: pods,
        keys: (pod, old) => [
          ...ownerKey(kind, pod),
          ...(old ? ownerKey(kind, old) : []),
          ...adopters(sets, pod),
        ],
      },
    ],
    async reconcile(key) {
      const set = sets.get(key)
      if (!set) return expectations.forget(key)
      const owned = await claim({ client, owners: kind, owned: pods, cache: podCache, isActive }, set)
      const mayScale = expectations.isSatisfied(key) && !set.metadata.deletionTimestamp
      const failure = mayScale ? await scale(key, set, owned) : undefined
      await writeStatus(set, owned, failure)
      if (failure) throw failure.cause
      const requeueAfter = nextAvailableIn(set, owned, Date.now())
      return requeueAfter === undefined ? undefined : { requeueAfter }
    },
  }

  /** Makes or deletes what is too few or too many; tells what went wrong, for the status to say. */
  async function scale(
    key: string,
    set: ReplicaSet,
    owned: Pod[],
  ): Promise<(ScalingFailure & { cause: Error }) | undefined> {
    const missing = (set.spec.replicas ?? 1) - owned.length
    const count = Math.min(Math.abs(missing), BURST)
    try {
      if (missing > 0) await control.create(key, set, set.spec.template!, count)
      if (missing < 0) {
        const doomed = orderForDeletion(owned, relatedPods(set), Date.now()).slice(0, count)
        await control.delete(key, set, doomed)
      }
      return undefined
    } catch (error) {
      const { message } = error as Error
      return { reason: missing > 0 ? 'FailedCreate' : 'FailedDelete', message, cause: error as Error }
    }
  }

  /** Active Pods of all the sets that belong to the same Deployment. */
  function relatedPods(set: ReplicaSet): Pod[] {
    const owner = controllerOf(set)
    const siblings = owner ? sets.byIndex('controller', owner.uid) : [set]
    return siblings.flatMap(sibling => controlledBy(podCache, sibling)).filter(isActive)
  }

  async function writeStatus(
    set: ReplicaSet,
    owned: Pod[],
    failure: ScalingFailure | undefined,
  ): Promise<void> {
    const reported = failure && { reason: failure.reason, message: failure.message }
    const status = replicaSetStatus(set, owned, reported, Date.now())
    if (isSameStatus(status, set.status)) return
    const body = { status: { conditions: null, ...status } }
    await client.patch(kind, set.metadata, { type: 'merge', body }, { subresource: 'status' })
  }
}
