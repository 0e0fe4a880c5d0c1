import type { Client } from '../../api/client/client.ts'
import { pods } from '../../api/kinds/core.ts'
import { resourceName } from '../../api/kinds/kind.ts'
import type { Pod } from '../../api/kinds/types.ts'
import { forbidden } from '../../api/meta/status.ts'
import type { AdmissionAttributes, AdmissionPlugin } from '../../plugins/admission.ts'
import { nodeNameOf } from '../auth/node-authorizer.ts'

/** Keeps a kubelet to its own Node, its own Lease and the Pods bound to it. */
export function nodeRestriction(client: Client): AdmissionPlugin {
  return {
    name: 'NodeRestriction',
    handles: ({ operation }) => operation !== 'CONNECT',
    async validate(attributes) {
      const node = nodeNameOf(attributes.user)
      if (!node) return
      const resource = resourceName(attributes.kind)
      const bound = BOUND[`${resource}/${attributes.subresource}`]
      const fault = bound ? await bound(attributes, node, client) : RULES[resource]?.(attributes, node)
      if (!fault) return
      const { group, plural } = attributes.kind
      throw forbidden({ group, plural }, attributes.name, fault)
    },
  }
}

type BoundRule = (
  attributes: AdmissionAttributes,
  node: string,
  client: Client,
) => Promise<string | undefined>

/** Writes that are about a Pod that is not part of them. */
const BOUND: Record<string, BoundRule> = {
  async 'pods/eviction'({ namespace, name }, node, client) {
    const pod: Pod = await client.get(pods, { namespace, name })
    return pod.spec.nodeName === node
      ? undefined
      : `node ${JSON.stringify(node)} can only evict pods with spec.nodeName set to itself`
  },
  async 'serviceaccounts/token'({ namespace, object }, node, client) {
    const { apiVersion, kind, name, uid } = (object as any)?.spec?.boundObjectRef ?? {}
    if (apiVersion !== 'v1' || kind !== 'Pod' || !name) return 'node requested token not bound to a pod'
    if (!uid) return 'node requested token with a pod binding without a uid'
    const pod: Pod = await client.get(pods, { namespace, name })
    if (pod.metadata.uid !== uid) {
      return `the UID in the bound object reference (${uid}) does not match the UID in record. The object might have been deleted and then recreated`
    }
    return pod.spec.nodeName === node
      ? undefined
      : 'node requested token bound to a pod scheduled on a different node'
  },
}

type Rule = (attributes: AdmissionAttributes, node: string) => string | undefined

const RULES: Record<string, Rule> = {
  pods({ operation, subresource, object, oldObject }, node) {
    if (operation === 'CREATE' && subresource === '') {
      return object?.metadata.annotations?.['kubernetes.io/config.mirror']
        ? undefined
        : `pod does not have "kubernetes.io/config.mirror" annotation, node "${node}" can only create mirror pods`
    }
    const bound = oldObject?.spec?.nodeName ?? object?.spec?.nodeName
    if (bound === node) return undefined
    const what = operation === 'DELETE' ? 'delete pods' : `update pod status for pods`
    return `node "${node}" can only ${what} with spec.nodeName set to itself`
  },
  nodes({ operation, name, object }, node) {
    const target = operation === 'CREATE' ? object?.metadata.name : name
    return target === node ? undefined : `node "${node}" is not allowed to modify node "${target}"`
  },
  'leases.coordination.k8s.io'({ name, object, namespace }, node) {
    const isOwn = (object?.metadata.name || name) === node && namespace === 'kube-node-lease'
    return isOwn ? undefined : 'can only access node lease with the same name as the requesting node'
  },
}
