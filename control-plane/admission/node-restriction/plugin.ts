import type { Client } from '../../../api/client/client.ts'
import { pods } from '../../../api/kinds/core.ts'
import { resourceName } from '../../../api/kinds/kind.ts'
import type { CertificateSigningRequest, Pod } from '../../../api/kinds/types.ts'
import { forbidden } from '../../../api/meta/status.ts'
import type { AdmissionAttributes, AdmissionPlugin } from '../../../plugins/admission.ts'
import { requestSubject } from '../../auth/certificate-requests.ts'
import { nodeNameOf } from '../../auth/node-authorizer.ts'
import type { Authorizer } from '../../auth/types.ts'
import { claimStatusFault, nodeFault } from './nodes.ts'
import { podCreateFault, podStatusFault } from './pods.ts'
import type { NodeRule } from './rule.ts'
import { tokenFault } from './tokens.ts'

/** Keeps a kubelet to its own Node, Lease, CSINode and the Pods bound to it (kubernetes.io, "NodeRestriction"). */
export function nodeRestriction(client: Client, authorizer: Authorizer): AdmissionPlugin {
  return {
    name: 'NodeRestriction',
    handles: ({ operation }) => operation !== 'CONNECT',
    async mutate(attributes) {
      const node = nodeNameOf(attributes.user)
      if (node === undefined) return
      const rule = RULES[resourceName(attributes.kind)]
      if (!rule) return
      const fault =
        node === ''
          ? `could not determine node from user ${JSON.stringify(attributes.user.name)}`
          : await rule(attributes, node, { client, authorizer })
      const name = attributes.name || attributes.object?.metadata.name
      if (fault) throw forbidden(attributes.kind, name, fault)
    },
  }
}

const targetOf = ({ operation, name, object }: AdmissionAttributes): string =>
  operation === 'CREATE' ? (object?.metadata.name ?? name) : name

const RULES: Record<string, NodeRule> = {
  pods(attributes, node, { client }) {
    const { operation, subresource, namespace, name, oldObject } = attributes
    if (subresource === 'status') return podStatusFault(attributes, node)
    if (subresource === 'eviction') return evictionFault(client, namespace, name, node)
    if (subresource !== '') {
      return `unexpected pod subresource ${JSON.stringify(subresource)}, only 'status' and 'eviction' are allowed`
    }
    if (operation === 'CREATE') return podCreateFault(attributes, node, client)
    if (operation !== 'DELETE') {
      return `unexpected operation ${JSON.stringify(operation)}, node ${JSON.stringify(node)} can only create and delete mirror pods`
    }
    return (oldObject as Pod | undefined)?.spec.nodeName === node
      ? undefined
      : `node ${JSON.stringify(node)} can only delete pods with spec.nodeName set to itself`
  },
  nodes: nodeFault,
  persistentvolumeclaims: (attributes, node) =>
    attributes.subresource === 'status' ? claimStatusFault(attributes, node) : 'may only update PVC status',
  serviceaccounts: tokenFault,
  'leases.coordination.k8s.io'(attributes, node) {
    if (attributes.namespace !== 'kube-node-lease') {
      return 'can only access leases in the "kube-node-lease" system namespace'
    }
    return targetOf(attributes) === node
      ? undefined
      : 'can only access node lease with the same name as the requesting node'
  },
  'csinodes.storage.k8s.io': (attributes, node) =>
    targetOf(attributes) === node
      ? undefined
      : 'can only access CSINode with the same name as the requesting node',
  'resourceslices.resource.k8s.io'({ operation, object, oldObject }, node) {
    if (operation === 'UPDATE') return undefined
    const slice = operation === 'CREATE' ? object : oldObject
    const verb = operation === 'CREATE' ? 'create' : 'delete'
    return slice?.spec?.nodeName === node
      ? undefined
      : `can only ${verb} ResourceSlice with the same NodeName as the requesting node`
  },
  'certificatesigningrequests.certificates.k8s.io'({ operation, object }, node) {
    if (operation !== 'CREATE') return undefined
    const { signerName, request } = (object as CertificateSigningRequest).spec
    if (!NODE_SIGNERS.includes(signerName)) return undefined
    return requestSubject(request).commonName === `system:node:${node}`
      ? undefined
      : `can only create a node CSR with CN=system:node:${node}`
  },
}

const NODE_SIGNERS = ['kubernetes.io/kubelet-serving', 'kubernetes.io/kube-apiserver-client-kubelet']

async function evictionFault(
  client: Client,
  namespace: string | undefined,
  name: string,
  node: string,
): Promise<string | undefined> {
  const pod: Pod = await client.get(pods, { namespace, name })
  return pod.spec.nodeName === node
    ? undefined
    : `node ${node} can only evict pods with spec.nodeName set to itself`
}
