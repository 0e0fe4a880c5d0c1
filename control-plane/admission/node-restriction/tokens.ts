import { pods } from '../../../api/kinds/core.ts'
import { csiDrivers } from '../../../api/kinds/storage.ts'
import type { Pod, TokenRequest } from '../../../api/kinds/types.ts'
import { isNotFound } from '../../../api/meta/status.ts'
import type { AdmissionAttributes } from '../../../plugins/admission.ts'
import type { NodeRule, Surroundings } from './rule.ts'

/** A node asks for tokens of the Pods bound to it, and for whom those Pods' volumes ask for them. */
export const tokenFault: NodeRule = async (attributes, node, surroundings) => {
  const { operation, subresource, object, namespace } = attributes
  if (operation !== 'CREATE' || subresource !== 'token') return undefined
  const { spec } = object as TokenRequest
  const { apiVersion, kind, name, uid } = spec.boundObjectRef ?? {}
  if (apiVersion !== 'v1' || kind !== 'Pod' || !name) return 'node requested token not bound to a pod'
  if (!uid) return 'node requested token with a pod binding without a uid'
  const pod: Pod = await surroundings.client.get(pods, { namespace, name })
  if (pod.metadata.uid !== uid) {
    return `the UID in the bound object reference (${uid}) does not match the UID in record. The object might have been deleted and then recreated`
  }
  if (pod.spec.nodeName !== node) return 'node requested token bound to a pod scheduled on a different node'
  return audienceFault(attributes, pod, spec.audiences ?? [], surroundings)
}

async function audienceFault(
  { user, namespace, name }: AdmissionAttributes,
  pod: Pod,
  audiences: string[],
  { client, authorizer }: Surroundings,
): Promise<string | undefined> {
  if (audiences.length > 1) return 'node may only request 0 or 1 audiences'
  const audience = audiences[0] ?? ''
  const volumes: any[] = pod.spec.volumes ?? []
  const isProjected = volumes.some(({ projected }) =>
    (projected?.sources ?? []).some(
      ({ serviceAccountToken: token }: any) => token && (token.audience ?? '') === audience,
    ),
  )
  if (isProjected) return undefined
  for (const { csi } of volumes) {
    if (!csi) continue
    const driver: any = await client.get(csiDrivers, { name: csi.driver }).catch(error => {
      if (!isNotFound(error)) throw error
    })
    const requests: any[] = driver?.spec.tokenRequests ?? []
    if (requests.some(request => (request.audience ?? '') === audience)) return undefined
  }
  const { allowed } = await authorizer.authorize({
    user,
    verb: 'request-serviceaccounts-token-audience',
    isResourceRequest: true,
    apiGroup: '',
    apiVersion: 'v1',
    resource: audience,
    name,
    ...(namespace && { namespace }),
  })
  if (allowed === 'allow') return undefined
  return `audience ${JSON.stringify(audience)} not found in pod spec volume, ${user.name} is not authorized to request tokens for this audience`
}
