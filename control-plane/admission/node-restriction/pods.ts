import { isDeepStrictEqual } from 'node:util'
import type { Client } from '../../../api/client/client.ts'
import { nodes } from '../../../api/kinds/core.ts'
import type { Pod } from '../../../api/kinds/types.ts'
import { specField } from '../../../api/meta/kept-spec.ts'
import type { AdmissionAttributes } from '../../../plugins/admission.ts'
import { references } from '../../auth/pod-references.ts'

const MIRROR = 'kubernetes.io/config.mirror'

/** A node makes no Pods but the stand-ins of static ones, which lead to nothing else in the cluster. */
export async function podCreateFault(
  { object }: AdmissionAttributes,
  node: string,
  client: Client,
): Promise<string | undefined> {
  const pod = object as Pod
  const who = `node ${JSON.stringify(node)}`
  if (pod.metadata.annotations?.[MIRROR] === undefined) {
    return `pod does not have ${JSON.stringify(MIRROR)} annotation, ${who} can only create mirror pods`
  }
  if (pod.spec.nodeName !== node) return `${who} can only create pods with spec.nodeName set to itself`
  return (await ownerFault(pod, node, client)) ?? referenceFault(pod, who)
}

async function ownerFault({ metadata }: Pod, node: string, client: Client): Promise<string | undefined> {
  const who = `node ${JSON.stringify(node)}`
  const [owner, ...others] = metadata.ownerReferences ?? []
  if (others.length > 0) return `${who} can only create pods with a single owner reference set to itself`
  if (owner?.apiVersion !== 'v1' || owner.kind !== 'Node' || owner.name !== node) {
    return `${who} can only create pods with an owner reference set to itself`
  }
  if (!owner.controller) return `${who} can only create pods with a controller owner reference set to itself`
  if (owner.blockOwnerDeletion) return `${who} must not set blockOwnerDeletion on an owner reference`
  const { uid } = (await client.get(nodes, { name: node })).metadata
  return owner.uid === uid ? undefined : `node ${node} UID mismatch: expected ${owner.uid} got ${uid}`
}

function referenceFault(pod: Pod, who: string): string | undefined {
  const refuse = (what: string): string => `${who} can not create pods that reference ${what}`
  if (pod.spec.serviceAccountName) return refuse('a service account')
  if (references(pod as never, 'secrets').length > 0) return refuse('secrets')
  if (references(pod as never, 'configmaps').length > 0) return refuse('configmaps')
  const volumes: any[] = pod.spec.volumes ?? []
  const hasBundle = volumes.some(({ projected }) =>
    (projected?.sources ?? []).some((source: any) => source.clusterTrustBundle),
  )
  if (hasBundle) return refuse('clustertrustbundles')
  if (volumes.some(({ persistentVolumeClaim }) => persistentVolumeClaim)) {
    return refuse('persistentvolumeclaims')
  }
  if ((pod.spec as { resourceClaims?: unknown[] }).resourceClaims?.length) return refuse('resourceclaims')
  return undefined
}

/** What a node says of a Pod's state, and nothing more. */
export function podStatusFault(
  { operation, object, oldObject }: AdmissionAttributes,
  node: string,
): string | undefined {
  if (operation !== 'UPDATE') return `unexpected operation ${JSON.stringify(operation)}`
  const [pod, old] = [object as Pod, oldObject as Pod]
  const who = `node ${JSON.stringify(node)}`
  if (specField(old, 'nodeName') !== node) {
    return `${who} can only update pod status for pods with spec.nodeName set to itself`
  }
  if (!isDeepStrictEqual(pod.metadata.labels ?? {}, old.metadata.labels ?? {})) {
    return `${who} cannot update labels through pod status`
  }
  const claims = ({ status }: Pod): unknown => status?.resourceClaimStatuses ?? []
  return isDeepStrictEqual(claims(pod), claims(old))
    ? undefined
    : `${who} cannot update resource claim statues`
}
