import { retryOnConflict } from '../../../api/client/retry.ts'
import { pods } from '../../../api/kinds/core.ts'
import { podDisruptionBudgets } from '../../../api/kinds/policy.ts'
import type { Pod, PodDisruptionBudget } from '../../../api/kinds/types.ts'
import { labelSelector } from '../../../api/meta/selectors.ts'
import { conflict, forbidden, internalError, tooManyRequests } from '../../../api/meta/status.ts'
import { now } from '../../../api/meta/time.ts'
import type { SubresourceHandler, SubresourceRequest } from './handler.ts'

/** Deletes a Pod unless a disruption budget forbids it (policy/v1 Eviction). */
export const evictPod: SubresourceHandler = async request => {
  const { client, admitted, name, namespace, object, dryRun } = request
  const pod = await client.get(pods, { name, namespace })
  if (isRunning(pod)) await takeFromBudget(request, pod)
  const preconditions: Preconditions = { uid: pod.metadata.uid!, ...object.deleteOptions?.preconditions }
  if (!dryRun) {
    const { resourceVersion } = (await markEvicted(request, preconditions)).metadata
    if (preconditions.resourceVersion) preconditions.resourceVersion = resourceVersion!
    await admitted.delete(pods, { name, namespace }, { ...object.deleteOptions, preconditions })
  }
  return { kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Success', code: 201 } as never
}

interface Preconditions {
  uid?: string
  resourceVersion?: string
}

/** Tells in the Pod's status why it goes: Jobs and others do not count it as a failure of its own. */
function markEvicted(
  { client, admitted, name, namespace }: SubresourceRequest,
  wanted: Preconditions,
): Promise<Pod> {
  return retryOnConflict(async () => {
    const pod = structuredClone(await client.get(pods, { name, namespace }))
    checkPreconditions(pod, wanted)
    const conditions = pod.status?.conditions ?? []
    const before = conditions.find(({ type }) => type === DISRUPTED.type)
    const lastTransitionTime = before?.status === 'True' ? before.lastTransitionTime : now()
    const condition = { ...DISRUPTED, lastProbeTime: null, lastTransitionTime }
    const others = conditions.filter(other => other !== before)
    pod.status = { ...pod.status, conditions: [...others, condition as never] }
    return await admitted.update(pods, pod, { subresource: 'status', fieldManager: '' })
  })
}

const DISRUPTED = {
  type: 'DisruptionTarget',
  status: 'True',
  reason: 'EvictionByEvictionAPI',
  message: 'Eviction API: evicting',
}

function checkPreconditions({ metadata }: Pod, { uid, resourceVersion }: Preconditions): void {
  const refuse = (why: string): never => {
    throw conflict({ group: '', plural: 'Pod' }, metadata.name, why)
  }
  if (uid && uid !== metadata.uid) {
    refuse(
      `the UID in the precondition (${uid}) does not match the UID in record (${metadata.uid}). The object might have been deleted and then recreated`,
    )
  }
  if (resourceVersion && resourceVersion !== metadata.resourceVersion) {
    refuse(
      `the ResourceVersion in the precondition (${resourceVersion}) does not match the ResourceVersion in record (${metadata.resourceVersion}). The object might have been modified`,
    )
  }
}

/** Pods that never ran, ended, or are going already are in nobody's budget. */
const isRunning = ({ metadata, status }: Pod): boolean =>
  !metadata.deletionTimestamp && !['Pending', 'Succeeded', 'Failed'].includes(status?.phase ?? 'Pending')

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
    if (isFree(current, pod)) return
    checkAllowed(current)
    const { status } = current
    status!.disruptionsAllowed -= 1
    status!.disruptedPods = { ...status!.disruptedPods, [pod.metadata.name]: now() }
    if (!dryRun) await client.update(podDisruptionBudgets, current, { subresource: 'status' })
  })
}

/** A Pod that is not ready adds nothing to what is healthy: it may go if enough others are, or whenever the budget says. */
function isFree({ spec, status }: PodDisruptionBudget, pod: Pod): boolean {
  if (isReady(pod)) return false
  if ((spec as { unhealthyPodEvictionPolicy?: string }).unhealthyPodEvictionPolicy === 'AlwaysAllow')
    return true
  const { currentHealthy = 0, desiredHealthy = 0 } = status ?? {}
  return desiredHealthy > 0 && currentHealthy >= desiredHealthy
}

const REFUSED = "Cannot evict pod as it would violate the pod's disruption budget."
/** Most evictions under way at the same time. */
const MOST_DISRUPTED = 2_000
const PROCESSING_SECONDS = 10

function checkAllowed({ metadata, status }: PodDisruptionBudget): void {
  const { name, generation = 0 } = metadata
  const { disruptionsAllowed = 0, desiredHealthy = 0, currentHealthy = 0, disruptedPods = {} } = status ?? {}
  const refuse = (message: string, seconds: number): never => {
    throw tooManyRequests(REFUSED, seconds, [{ reason: 'DisruptionBudget', message }])
  }
  if ((status?.observedGeneration ?? 0) < generation) {
    refuse(`The disruption budget ${name} is still being processed by the server.`, PROCESSING_SECONDS)
  }
  const kind = { group: 'policy', plural: 'poddisruptionbudgets' }
  if (disruptionsAllowed < 0) throw forbidden(kind, name, 'pdb disruptions allowed is negative')
  if (Object.keys(disruptedPods).length > MOST_DISRUPTED) {
    throw forbidden(
      kind,
      name,
      'DisruptedPods map too big - too many evictions not confirmed by PDB controller',
    )
  }
  if (disruptionsAllowed === 0) {
    refuse(
      `The disruption budget ${name} needs ${desiredHealthy} healthy pods and has ${currentHealthy} currently`,
      0,
    )
  }
}
