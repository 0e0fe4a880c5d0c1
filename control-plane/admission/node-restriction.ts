import { resourceName } from '../../api/kinds/kind.ts'
import { forbidden } from '../../api/meta/status.ts'
import type { AdmissionAttributes, AdmissionPlugin } from '../../plugins/admission.ts'
import { nodeNameOf } from '../auth/node-authorizer.ts'

/** Keeps a kubelet to its own Node, its own Lease and the Pods bound to it. */
export const nodeRestriction: AdmissionPlugin = {
  name: 'NodeRestriction',
  validate(attributes) {
    const node = nodeNameOf(attributes.user)
    if (!node) return
    const fault = RULES[resourceName(attributes.kind)]?.(attributes, node)
    if (!fault) return
    const { group, plural } = attributes.kind
    throw forbidden({ group, plural }, attributes.name, fault)
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
    if (bound === node || (subresource === 'eviction' && bound === undefined)) return undefined
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
