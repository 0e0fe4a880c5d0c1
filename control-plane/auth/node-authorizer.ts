import type { InformerFactory } from '../../api/client/client.ts'
import { pods } from '../../api/kinds/core.ts'
import type { Pod, PolicyRule } from '../../api/kinds/types.ts'
import { ruleAllows } from './rbac.ts'
import type { AuthorizationAttributes, Authorizer, UserInfo } from './types.ts'

const PREFIX = 'system:node:'
const GROUP = 'system:nodes'

/** The node a kubelet acts for; undefined for everybody else. */
export const nodeNameOf = ({ name, groups }: UserInfo): string | undefined =>
  groups.includes(GROUP) && name.startsWith(PREFIX) ? name.slice(PREFIX.length) : undefined

const rule = (apiGroup: string, resources: string[], verbs: string[]): PolicyRule => ({
  apiGroups: [apiGroup],
  resources,
  verbs,
})

/** What every kubelet may do; NodeRestriction admission keeps it to its own node and Pods. */
export const NODE_RULES: PolicyRule[] = [
  rule('authentication.k8s.io', ['tokenreviews'], ['create']),
  rule('authorization.k8s.io', ['subjectaccessreviews', 'localsubjectaccessreviews'], ['create']),
  rule('', ['services'], ['get', 'list', 'watch']),
  rule('', ['nodes'], ['create', 'get', 'list', 'watch', 'update', 'patch']),
  rule('', ['nodes/status'], ['update', 'patch']),
  rule('', ['events'], ['create', 'update', 'patch']),
  rule('', ['pods'], ['create', 'delete']),
  rule('', ['pods/status'], ['update', 'patch']),
  rule('', ['pods/eviction'], ['create']),
  rule('coordination.k8s.io', ['leases'], ['create', 'get', 'update', 'patch', 'delete']),
  rule('node.k8s.io', ['runtimeclasses'], ['get', 'list', 'watch']),
  rule('storage.k8s.io', ['csidrivers'], ['get', 'list', 'watch']),
]

/**
 * The Node authorizer: beyond {@link NODE_RULES}, a kubelet reads the Pods of its node, and the Secrets, ConfigMaps,
 * claims and service accounts that those refer to.
 */
export function createNodeAuthorizer(informers: InformerFactory): Authorizer {
  const cache = informers.informer(pods)
  cache.addIndex('nodeName', pod => (pod.spec.nodeName ? [pod.spec.nodeName] : []))
  return {
    authorize(attributes) {
      const node = nodeNameOf(attributes.user)
      if (!node) return { allowed: 'no-opinion' }
      if (NODE_RULES.some(allowed => ruleAllows(allowed, attributes))) return { allowed: 'allow' }
      const isAllowed = allowsReference(attributes, () => cache.byIndex('nodeName', node))
      return isAllowed
        ? { allowed: 'allow' }
        : { allowed: 'no-opinion', reason: `no relationship found between node '${node}' and this object` }
    },
  }
}

function allowsReference(attributes: AuthorizationAttributes, podsOfNode: () => Pod[]): boolean {
  const { resource = '', subresource = '', verb, namespace, name = '', apiGroup } = attributes
  if (apiGroup !== '') return false
  if (resource === 'pods' && subresource === '') return ['get', 'list', 'watch'].includes(verb)
  const mine = (): Pod[] => podsOfNode().filter(({ metadata }) => metadata.namespace === namespace)
  if (resource === 'serviceaccounts') {
    return (
      subresource === 'token' &&
      verb === 'create' &&
      mine().some(({ spec }) => (spec.serviceAccountName ?? 'default') === name)
    )
  }
  if (subresource !== '' || !['get', 'list', 'watch'].includes(verb)) return false
  const reader = REFERENCES[resource]
  return reader !== undefined && mine().some(pod => reader(pod).includes(name))
}

const volumesOf = ({ spec }: Pod): any[] => spec.volumes ?? []
const containersOf = ({ spec }: Pod): any[] => [
  ...spec.containers,
  ...(spec.initContainers ?? []),
  ...(spec.ephemeralContainers ?? []),
]
const projectedOf = (pod: Pod): any[] => volumesOf(pod).flatMap(({ projected }) => projected?.sources ?? [])
const defined = (names: (string | undefined)[]): string[] =>
  names.filter((name): name is string => Boolean(name))

/** Names of the objects of a kind that a Pod refers to. */
const REFERENCES: Record<string, (pod: Pod) => string[]> = {
  secrets: pod =>
    defined([
      ...volumesOf(pod).map(({ secret }) => secret?.secretName),
      ...projectedOf(pod).map(({ secret }) => secret?.name),
      ...(pod.spec.imagePullSecrets ?? []).map(({ name }) => name),
      ...environmentOf(pod, 'secretRef', 'secretKeyRef'),
    ]),
  configmaps: pod =>
    defined([
      ...volumesOf(pod).map(({ configMap }) => configMap?.name),
      ...projectedOf(pod).map(({ configMap }) => configMap?.name),
      ...environmentOf(pod, 'configMapRef', 'configMapKeyRef'),
    ]),
  persistentvolumeclaims: pod =>
    defined(volumesOf(pod).map(({ persistentVolumeClaim }) => persistentVolumeClaim?.claimName)),
}

const environmentOf = (pod: Pod, from: string, key: string): (string | undefined)[] =>
  containersOf(pod).flatMap(({ env = [], envFrom = [] }) => [
    ...envFrom.map((source: any) => source[from]?.name),
    ...env.map(({ valueFrom }: any) => valueFrom?.[key]?.name),
  ])
