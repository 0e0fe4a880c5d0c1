import { isDeepStrictEqual } from 'node:util'
import type { Controller, ReconcileResult } from '../../../api/client/controller.ts'
import { deployments, replicaSets, statefulSets } from '../../../api/kinds/apps.ts'
import { pods, replicationControllers } from '../../../api/kinds/core.ts'
import type { KindDeclaration } from '../../../api/kinds/kind.ts'
import { podDisruptionBudgets } from '../../../api/kinds/policy.ts'
import type { Pod, PodDisruptionBudget } from '../../../api/kinds/types.ts'
import { type ApiObject, objectKey } from '../../../api/meta/object.ts'
import { labelSelector } from '../../../api/meta/selectors.ts'
import { isStatusError } from '../../../api/meta/status.ts'
import type { ControllerContext } from '../context.ts'
import { budgetStatus, failedStatus, pendingDisruptions, wantedHealthy } from './budget.ts'
import { expectedScale } from './expected-scale.ts'
import { selectorText } from './selector-text.ts'

const SCALABLE: readonly KindDeclaration<any>[] = [
  replicaSets,
  deployments,
  statefulSets,
  replicationControllers,
]
const NAMESPACE = 'namespace'

/** Tells of each disruption budget how many of its Pods may be taken away now. */
export function disruptionController({ client, informers, recorder }: ControllerContext): Controller {
  const cache = informers.informer(podDisruptionBudgets)
  const podCache = informers.informer(pods)
  const scalables = SCALABLE.map(kind => ({ kind, cache: informers.informer(kind) }))
  podCache.addIndex(NAMESPACE, ({ metadata }) => [metadata.namespace!])
  return {
    name: 'disruption',
    watches: [
      { kind: podDisruptionBudgets },
      { kind: pods, keys: (pod, old) => [...toldBudgetsOf(pod), ...(old ? budgetsOf(old) : [])] },
      ...SCALABLE.map(kind => ({ kind, keys: budgetsBeside })),
    ],
    async reconcile(key) {
      const budget = cache.get(key)
      if (!budget || budget.metadata.deletionTimestamp) return
      try {
        return await sync(budget, podsOf(budget))
      } catch (error) {
        if (isStatusError(error)) throw error
        const { message } = error as Error
        const told = `Failed to calculate the number of expected pods: ${message}`
        recorder.event(budget, 'Warning', 'CalculateExpectedPodCountFailed', told)
        await writeStatus(budget, failedStatus(budget, message))
      }
    },
  }

  /** Nobody can tell which of several budgets counts: whoever looks at the Pod is told so. */
  function toldBudgetsOf(pod: Pod): string[] {
    const budgets = budgetsOf(pod)
    const { namespace, name } = pod.metadata
    if (budgets.length > 1) {
      const chosen = budgets[0]!.slice(namespace!.length + 1)
      const message = `Pod "${namespace}"/"${name}" matches multiple PodDisruptionBudgets.  Chose "${chosen}" arbitrarily.`
      recorder.event(pod, 'Warning', 'MultiplePodDisruptionBudgets', message)
    }
    return budgets
  }

  function budgetsOf({ metadata }: Pod): string[] {
    const isMeant = ({ metadata: { namespace }, spec }: PodDisruptionBudget): boolean =>
      namespace === metadata.namespace && labelSelector(spec.selector).matches(metadata.labels)
    return cache.list().filter(isMeant).map(objectKey)
  }

  /** A change of size may concern any budget of the namespace. */
  function budgetsBeside(object: ApiObject, old: ApiObject | undefined): string[] {
    if (old && old.spec?.replicas === object.spec?.replicas) return []
    const { namespace } = object.metadata
    return cache.list().flatMap(budget => (budget.metadata.namespace === namespace ? objectKey(budget) : []))
  }

  function podsOf({ metadata, spec }: PodDisruptionBudget): Pod[] {
    const selector = labelSelector(spec.selector)
    const isOver = ({ status }: Pod): boolean => status?.phase === 'Succeeded' || status?.phase === 'Failed'
    return podCache
      .byIndex(NAMESPACE, metadata.namespace!)
      .filter(pod => selector.matches(pod.metadata.labels) && !isOver(pod))
  }

  async function sync(budget: PodDisruptionBudget, own: Pod[]): Promise<ReconcileResult | undefined> {
    if (own.length === 0) recorder.event(budget, 'Normal', 'NoPods', 'No matching pods found')
    const wanted = wantedHealthy(budget, own, () => {
      const { count, unmanaged } = expectedScale(own, scalables)
      if (unmanaged > 0) tellUnmanaged(budget)
      return count
    })
    const disruptions = pendingDisruptions(budget, own, Date.now())
    for (const pod of disruptions.overdue) {
      // Upstream tells the namespace twice here.
      const { namespace } = budget.metadata
      const message = `Pod was expected by PDB ${namespace}/${namespace} to be deleted but it wasn't`
      recorder.event(pod, 'Warning', 'NotDeleted', message)
    }
    await writeStatus(budget, budgetStatus(budget, own, disruptions, wanted))
    return disruptions.recheckIn === undefined ? undefined : { requeueAfter: disruptions.recheckIn }
  }

  function tellUnmanaged(budget: PodDisruptionBudget): void {
    const message = `Pods selected by this PodDisruptionBudget (selector: ${selectorText(budget.spec.selector)}) were found to be unmanaged. As a result, the status of the PDB cannot be calculated correctly, which may result in undefined behavior. To account for these pods please set ".spec.minAvailable" field of the PDB to an integer value.`
    recorder.event(budget, 'Warning', 'UnmanagedPods', message)
  }

  async function writeStatus(
    budget: PodDisruptionBudget,
    status: NonNullable<PodDisruptionBudget['status']>,
  ): Promise<void> {
    if (isDeepStrictEqual(status, budget.status)) return
    const { metadata } = budget
    // Evictions are taken off the same status: what they wrote meanwhile must not be lost.
    await client.update(podDisruptionBudgets, { ...budget, metadata, status }, { subresource: 'status' })
  }
}
