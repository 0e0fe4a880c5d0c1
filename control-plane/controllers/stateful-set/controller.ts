import { isDeepStrictEqual } from 'node:util'
import type { Controller, ReconcileResult } from '../../../api/client/controller.ts'
import { controllerRevisions, statefulSets } from '../../../api/kinds/apps.ts'
import { persistentVolumeClaims, pods } from '../../../api/kinds/core.ts'
import type { ControllerRevision, Pod, StatefulSet } from '../../../api/kinds/types.ts'
import { adopters, claim } from '../claim.ts'
import type { ControllerContext } from '../context.ts'
import { indexByController, ownerKey } from '../owner.ts'
import { type Revisions, syncRevisions, truncateRevisions } from '../revisions/revisions.ts'
import { keepRetention } from './claim-retention.ts'
import { firstOrdinal, ordinalOf } from './identity.ts'
import { type Places, placesOf, planSteps, revisionOf, type Step, usesUpdate } from './plan.ts'
import { createStatefulPodControl } from './pod-steps.ts'
import { nextAvailableIn, statefulSetStatus, written } from './status.ts'

/** Keeps Pods that have a name and a storage of their own. */
export function statefulSetController({ client, informers, recorder }: ControllerContext): Controller {
  const cache = informers.informer(statefulSets)
  const podCache = informers.informer(pods)
  const revisionCache = informers.informer(controllerRevisions)
  const claimCache = informers.informer(persistentVolumeClaims)
  const control = createStatefulPodControl(client, recorder, claimCache)
  const revisionOptions = {
    client,
    owners: statefulSets,
    cache: revisionCache,
    label: 'controller.kubernetes.io/hash',
  } as const
  indexByController(podCache)
  indexByController(revisionCache)
  return {
    name: 'statefulset',
    watches: [
      { kind: statefulSets },
      {
        kind: pods,
        keys: (pod, old) => [
          ...ownerKey(statefulSets, pod),
          ...(old ? ownerKey(statefulSets, old) : []),
          ...adopters(cache, pod),
        ],
      },
      { kind: persistentVolumeClaims, keys: () => [] },
      { kind: controllerRevisions, keys: () => [] },
    ],
    async reconcile(key) {
      const set = cache.get(key)
      if (!set) return
      const owned = await claimPods(set)
      const revisions = await syncRevisions(revisionOptions, set)
      const current = currentOf(set, revisions)
      const places = placesOf(set, owned)
      const failure = set.metadata.deletionTimestamp
        ? undefined
        : await work(set, places, current, revisions.update).catch((error: Error) => error)
      await writeStatus(set, owned, revisions, current)
      // What could not be done shows in the status all the same.
      if (failure) throw failure
      await truncateRevisions(
        client,
        set,
        revisions,
        revision =>
          [current, revisions.update].includes(revision) ||
          owned.some(pod => revisionOf(pod) === revision.metadata.name),
      )
      const next = nextAvailableIn(set, owned, Date.now())
      return next === undefined ? undefined : ({ requeueAfter: next } satisfies ReconcileResult)
    },
  }

  /** Only Pods with a name of the set's are its own. */
  async function claimPods(set: StatefulSet): Promise<Pod[]> {
    const owned = await claim(
      {
        client,
        owners: statefulSets,
        owned: pods,
        cache: podCache,
        isActive: pod => ordinalOf(pod, set) !== undefined,
      },
      set,
    )
    return owned
  }

  async function work(
    set: StatefulSet,
    places: Places,
    current: ControllerRevision,
    update: ControllerRevision,
  ): Promise<void> {
    for (const pod of places.wanted.values()) await keepRetention(client, claimCache, set, pod, false)
    const steps = planSteps(set, places, update.metadata.name, Date.now())
    const take = (step: Step): Promise<void> => takeStep(set, places, step, current, update)
    const results = await Promise.allSettled(steps.map(take))
    const failed = results.find(result => result.status === 'rejected')
    if (failed) throw failed.reason
  }

  async function takeStep(
    set: StatefulSet,
    { surplus }: Places,
    step: Step,
    current: ControllerRevision,
    update: ControllerRevision,
  ): Promise<void> {
    if (step.do === 'create') {
      const isNew = usesUpdate(set, firstOrdinal(set), step.ordinal)
      return control.create(set, step.ordinal, isNew ? update : current)
    }
    if (step.do === 'end') tellEnd(set, step.pod)
    if (surplus.includes(step.pod)) await keepRetention(client, claimCache, set, step.pod, true)
    await control.delete(set, step.pod)
  }

  function tellEnd(set: StatefulSet, { metadata, status }: Pod): void {
    const { namespace, name } = set.metadata
    const [reason, word] =
      status?.phase === 'Failed'
        ? ['RecreatingFailedPod', 'failed']
        : ['RecreatingTerminatedPod', 'terminated']
    const message = `StatefulSet ${namespace}/${name} is recreating ${word} Pod ${metadata.name}`
    recorder.event(set, status?.phase === 'Failed' ? 'Warning' : 'Normal', reason, message)
  }

  async function writeStatus(
    set: StatefulSet,
    owned: readonly Pod[],
    revisions: Revisions,
    current: ControllerRevision,
  ): Promise<void> {
    const names = { current: current.metadata.name, update: revisions.update.metadata.name }
    const status = statefulSetStatus(set, owned, names, revisions.collisionCount, Date.now())
    if (isDeepStrictEqual(status, set.status)) return
    const body = { metadata: { resourceVersion: set.metadata.resourceVersion }, status: written(status) }
    await client.patch(statefulSets, set.metadata, { type: 'merge', body }, { subresource: 'status' })
  }
}

/** The revision in use, by what the status says; the newest where it says nothing. */
const currentOf = ({ status }: StatefulSet, { all, update }: Revisions): ControllerRevision =>
  all.find(({ metadata }) => metadata.name === status?.currentRevision) ?? update
