import { retryOnConflict } from '../../../api/client/retry.ts'
import { pods } from '../../../api/kinds/core.ts'
import { badRequest, conflict, invalid, required } from '../../../api/meta/status.ts'
import { now } from '../../../api/meta/time.ts'
import type { SubresourceHandler } from './handler.ts'

const BINDING = { group: '', kind: 'Binding' }

/** Binds a Pod to a node: sets its nodeName once and for all, and its PodScheduled condition. */
export const bindPod: SubresourceHandler = async request => {
  const { client, admitted, name, namespace, object, dryRun, passesLabels } = request
  if (object.metadata?.name !== name) throw badRequest('name in URL does not match name in Binding object')
  const target = object.target?.name
  if (!target) throw invalid(BINDING, name, [required('target.name', '')])
  await retryOnConflict(async () => {
    const pod = structuredClone(await client.get(pods, { name, namespace }))
    const refuse = (why: string): Error => conflict({ group: '', plural: 'pods/binding' }, name, why)
    if (object.metadata?.uid && object.metadata.uid !== pod.metadata.uid) {
      throw refuse(
        `Precondition failed: UID in precondition: ${object.metadata.uid}, UID in object meta: ${pod.metadata.uid}`,
      )
    }
    if (pod.metadata.deletionTimestamp)
      throw refuse(`pod ${name} is being deleted, cannot be assigned to a host`)
    if (pod.spec.nodeName) throw refuse(`pod ${name} is already assigned to node "${pod.spec.nodeName}"`)
    if ((pod.spec.schedulingGates ?? []).length > 0)
      throw refuse(`pod ${name} has non-empty .spec.schedulingGates`)
    pod.spec.nodeName = target
    if (object.metadata?.annotations)
      pod.metadata.annotations = { ...pod.metadata.annotations, ...object.metadata.annotations }
    if (passesLabels && object.metadata?.labels)
      pod.metadata.labels = { ...object.metadata.labels, ...pod.metadata.labels }
    const others = (pod.status?.conditions ?? []).filter(({ type }) => type !== 'PodScheduled')
    const scheduled = { type: 'PodScheduled', status: 'True', lastProbeTime: null, lastTransitionTime: now() }
    pod.status = { ...pod.status, conditions: [...others, scheduled as never] }
    await admitted.update(pods, pod, { subresource: 'binding', fieldManager: '', dryRun })
  })
  return { kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Success', code: 201 } as never
}
