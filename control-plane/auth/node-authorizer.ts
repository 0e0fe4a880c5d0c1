import type { InformerFactory } from '../../api/client/client.ts'
import { persistentVolumeClaims, pods } from '../../api/kinds/core.ts'
import type { Pod } from '../../api/kinds/types.ts'
import { specField } from '../../api/meta/kept-spec.ts'
import { parseFieldSelector } from '../../api/meta/selectors.ts'
import { NODE_RULES, nodeNameOf } from './node-rules.ts'
import { references } from './pod-references.ts'
import { ruleAllows } from './rbac.ts'
import type { AuthorizationAttributes, ImmediateAuthorizer } from './types.ts'

export { nodeNameOf } from './node-rules.ts'

const READ = ['get', 'list', 'watch']
const LEASE_NAMESPACE = 'kube-node-lease'
const OWN_OBJECT_VERBS = ['get', 'create', 'update', 'patch', 'delete']

/** One question of one node. */
interface Question {
  attributes: AuthorizationAttributes
  node: string
  /** The Pods bound to the node, in the namespace asked about. */
  podsThere(): Pod[]
  /** Names of the volumes that the node's Pods have claimed. */
  volumes(): string[]
}

/** Undefined where a kubelet may; else why not. */
type Rule = (question: Question) => string | undefined

/**
 * The Node authorizer (kubernetes.io, "Using Node Authorization"): beyond {@link NODE_RULES}, a kubelet reads its own
 * Node, the Pods bound to it and what those refer to, asks for tokens of their service accounts, and writes its Lease.
 */
export function createNodeAuthorizer(informers: InformerFactory): ImmediateAuthorizer {
  const cache = informers.informer(pods)
  const claims = informers.informer(persistentVolumeClaims)
  cache.addIndex('nodeName', pod => {
    const node = specField(pod, 'nodeName')
    return node ? [node] : []
  })
  const volumesOf = (node: string): string[] =>
    cache.byIndex('nodeName', node).flatMap(pod =>
      references(pod, 'persistentvolumeclaims').flatMap(name => {
        const claim = claims.get(`${pod.metadata.namespace}/${name}`)
        return claim?.spec.volumeName ?? []
      }),
    )
  return {
    authorize(attributes) {
      const node = nodeNameOf(attributes.user)
      if (!node) return { allowed: 'no-opinion' }
      if (NODE_RULES.some(rule => ruleAllows(rule, attributes))) return { allowed: 'allow' }
      const { apiGroup, resource, namespace } = attributes
      const rule = RULES[apiGroup ? `${resource}.${apiGroup}` : (resource ?? '')]
      if (!rule || !attributes.isResourceRequest) return { allowed: 'no-opinion' }
      const podsThere = (): Pod[] =>
        cache.byIndex('nodeName', node).filter(({ metadata }) => metadata.namespace === namespace)
      const reason = rule({ attributes, node, podsThere, volumes: () => volumesOf(node) })
      return reason === undefined ? { allowed: 'allow' } : { allowed: 'no-opinion', reason }
    },
  }
}

const noRelationship = (node: string): string =>
  `no relationship found between node '${node}' and this object`

const readReferenced: Rule = ({ attributes, node, podsThere }) => {
  const { verb, subresource, namespace, resource = '', name } = attributes
  if (!READ.includes(verb)) return 'can only read resources of this type'
  if (subresource) return 'cannot read subresource'
  if (!namespace) return 'can only read namespaced object of this type'
  if (!name) return 'No Object name found'
  return podsThere().some(pod => references(pod, resource).includes(name)) ? undefined : noRelationship(node)
}

const readOwnNode: Rule = ({ attributes: { verb, subresource, name }, node }) => {
  if (subresource || !READ.includes(verb)) return noRelationship(node)
  if (name === node) return undefined
  return name
    ? `node '${node}' cannot read '${name}', only its own Node object`
    : `node '${node}' cannot read all nodes, only its own Node object`
}

const readOwnPods: Rule = ({ attributes, node, podsThere }) => {
  const { verb, subresource, name, fieldSelector = '' } = attributes
  if (subresource || !READ.includes(verb)) return noRelationship(node)
  if (verb === 'get') {
    return podsThere().some(pod => pod.metadata.name === name) ? undefined : noRelationship(node)
  }
  return selectsNode(fieldSelector, node)
    ? undefined
    : 'can only list/watch pods with spec.nodeName field selector'
}

function selectsNode(fieldSelector: string, node: string): boolean {
  try {
    return parseFieldSelector(fieldSelector).requirements.some(
      ({ field, operator, value }) => field === 'spec.nodeName' && operator === '=' && value === node,
    )
  } catch {
    return false
  }
}

const createToken: Rule = ({ attributes: { verb, subresource, name }, node, podsThere }) => {
  if (verb !== 'create' || !name) return 'can only create tokens for individual service accounts'
  if (subresource !== 'token') return 'can only create token subresource of service account'
  const uses = ({ spec }: Pod): boolean => (spec.serviceAccountName || 'default') === name
  return podsThere().some(uses) ? undefined : noRelationship(node)
}

const accessLease: Rule = ({ attributes: { verb, namespace, name, subresource }, node }) => {
  if (!OWN_OBJECT_VERBS.includes(verb) || subresource) {
    return 'can only get, create, update, patch, or delete a node lease'
  }
  if (namespace !== LEASE_NAMESPACE)
    return `can only access leases in the "${LEASE_NAMESPACE}" system namespace`
  // What is created has no name in the path; NodeRestriction sees to it.
  if (verb === 'create' || name === node) return undefined
  return 'can only access node lease with the same name as the requesting node'
}

const accessCsiNode: Rule = ({ attributes: { verb, name, subresource }, node }) => {
  if (!OWN_OBJECT_VERBS.includes(verb) || subresource) {
    return 'can only get, create, update, patch, or delete a CSINode'
  }
  if (verb === 'create' || name === node) return undefined
  return 'can only access CSINode with the same name as the requesting node'
}

const readVolume: Rule = ({ attributes: { verb, subresource, name = '' }, node, volumes }) => {
  if (verb !== 'get' || !name) return 'can only get individual resources of this type'
  if (subresource) return 'cannot get subresource'
  return volumes().includes(name) ? undefined : noRelationship(node)
}

/** The claims of its Pods are a kubelet's to read, and their status to write. */
const accessClaim: Rule = question => {
  const { verb, subresource, name = '' } = question.attributes
  if (subresource !== 'status') return readReferenced(question)
  if (!['update', 'patch'].includes(verb)) return 'can only get/update/patch this type'
  const isUsed = question.podsThere().some(pod => references(pod, 'persistentvolumeclaims').includes(name))
  return isUsed ? undefined : noRelationship(question.node)
}

const RULES: Record<string, Rule> = {
  nodes: readOwnNode,
  pods: readOwnPods,
  secrets: readReferenced,
  configmaps: readReferenced,
  persistentvolumeclaims: accessClaim,
  persistentvolumes: readVolume,
  serviceaccounts: createToken,
  'leases.coordination.k8s.io': accessLease,
  'csinodes.storage.k8s.io': accessCsiNode,
}
