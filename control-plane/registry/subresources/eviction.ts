import { retryOnConflict } from '../../../api/client/retry.ts'
import { pods } from '../../../api/kinds/core.ts'
import { podDisruptionBudgets } from '../../../api/kinds/policy.ts'
import type { Pod } from '../../../api/kinds/types.ts'
import { labelSelector } from '../../../api/meta/selectors.ts'
import { internalError, tooManyRequests } from '../../../api/meta/status.ts'
import type { SubresourceHandler, SubresourceRequest } from '../subresources.ts'

/** Deletes a Pod unless a disruption budget forbids it (policy/v1 Eviction). */
export const evictPod: SubresourceHandler = async request => {
  const { client, name, namespace, object, dryRun } = request
  const pod = await client.get(pods, { name, namespace })
  const needsBudget = pod.status?.phase === 'Running' && !pod.metadata.deletionTimestamp && isReady(pod)
  if (needsBudget) await takeFromBudget(request, pod)
  const options = {
    ...object.deleteOptions,
    preconditions: { uid: pod.metadata.uid!, ...object.deleteOptions?.preconditions },
  }
  if (!dryRun) await client.delete(pods, { name, namespace }, options)
  return { kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Success', code: 201 } as never
}

const isReady = ({ status }: Pod): boolean =>
  (status?.conditions ?? []).some(({ type, status: value }) => type === 'Ready' && value === 'True')

async function takeFromBudget({ client, namespace, dryRun }: SubresourceRequest, pod: Pod): Promise<void> {
  const { items } = await client.list(podDisruptionBudgets, { namespace })
  const budgets = items.filter(({ spec }) => labelSelector(spec.selector).matches(pod.metadata.labels))
  if (budgets.length > 1) {
    throw internalError(
      'This pod has more than one PodDisruptionBudget, which the eviction subresource does not support.',
    )
  }
  const [budget] = budgets
  if (!budget) return
  await retryOnConflict(async () => {
    const current = structuredClone(await client.get(podDisruptionBudgets, budget.metadata as never))
    if ((current.status?.disruptionsAllowed ?? 0) <= 0) {
      const { name } = budget.metadata
      const { desiredHealthy = 0, currentHealthy = 0 } = current.status ?? {}
      const message = `The disruption budget ${name} needs ${desiredHealthy} healthy pods and has ${currentHealthy} currently`
      throw tooManyRequests("Cannot evict pod as it would violate the pod's disruption budget.", 0, [
        { reason: 'DisruptionBudget', message },
      ])
    }
    current.status!.disruptionsAllowed -= 1
    if (!dryRun) await client.update(podDisruptionBudgets, current, { subresource: 'status' })
  })
}
