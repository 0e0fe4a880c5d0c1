import type { InformerFactory } from '../../api/client/client.ts'
import { clusterRoleBindings, clusterRoles, roleBindings, roles } from '../../api/kinds/rbac.ts'
import type { PolicyRule, RoleRef, Subject } from '../../api/kinds/types.ts'
import type { AuthorizationAttributes, Authorizer, UserInfo } from './types.ts'

type Binding = { metadata: { namespace?: string }; subjects?: Subject[]; roleRef: RoleRef }

const subjectsOf = (binding: { subjects?: Subject[] }): string[] =>
  (binding.subjects ?? []).map(({ kind, name, namespace }) =>
    kind === 'ServiceAccount' ? `User/system:serviceaccount:${namespace}:${name}` : `${kind}/${name}`,
  )

const keysOf = ({ name, groups }: UserInfo): string[] => [
  `User/${name}`,
  ...groups.map(group => `Group/${group}`),
]

/** Rules a user has, in a namespace (and cluster-wide). */
export interface RuleResolver {
  rulesFor(user: UserInfo, namespace: string | undefined): PolicyRule[]
}

/** Reads roles and bindings from the caches; an index by subject finds a user's bindings at once. */
export function createRuleResolver(informers: InformerFactory): RuleResolver {
  const cluster = informers.informer(clusterRoleBindings)
  const namespaced = informers.informer(roleBindings)
  const clusterRoleCache = informers.informer(clusterRoles)
  const roleCache = informers.informer(roles)
  cluster.addIndex('subject', subjectsOf)
  namespaced.addIndex('subject', subjectsOf)
  const rulesOf = ({ metadata, roleRef }: Binding): PolicyRule[] => {
    const role =
      roleRef.kind === 'ClusterRole'
        ? clusterRoleCache.get(roleRef.name)
        : roleCache.get(`${metadata.namespace}/${roleRef.name}`)
    return role?.rules ?? []
  }
  return {
    rulesFor(user, namespace) {
      const keys = keysOf(user)
      const wide = keys.flatMap(key => cluster.byIndex('subject', key))
      const local = namespace
        ? keys
            .flatMap(key => namespaced.byIndex('subject', key))
            .filter(({ metadata }) => metadata.namespace === namespace)
        : []
      return [...wide, ...local].flatMap(binding => rulesOf(binding as Binding))
    },
  }
}

const includes = (values: string[] | undefined, value: string): boolean =>
  values !== undefined && (values.includes('*') || values.includes(value))

/** True when a rule allows what is asked (rbac/v1 PolicyRule). */
export function ruleAllows(rule: PolicyRule, attributes: AuthorizationAttributes): boolean {
  if (!includes(rule.verbs, attributes.verb)) return false
  if (!attributes.isResourceRequest) return pathAllowed(rule.nonResourceURLs, attributes.path ?? '')
  if (!includes(rule.apiGroups, attributes.apiGroup ?? '')) return false
  if (!resourceAllowed(rule.resources, attributes)) return false
  return !rule.resourceNames?.length || rule.resourceNames.includes(attributes.name ?? '')
}

function resourceAllowed(
  resources: string[] | undefined,
  { resource = '', subresource }: AuthorizationAttributes,
): boolean {
  if (!subresource) return includes(resources, resource)
  return (
    includes(resources, `${resource}/${subresource}`) || (resources?.includes(`*/${subresource}`) ?? false)
  )
}

function pathAllowed(urls: string[] | undefined, path: string): boolean {
  return (urls ?? []).some(
    url => url === '*' || url === path || (url.endsWith('*') && path.startsWith(url.slice(0, -1))),
  )
}

export function createRbacAuthorizer(resolver: RuleResolver): Authorizer {
  return {
    authorize(attributes) {
      const rules = resolver.rulesFor(attributes.user, attributes.namespace)
      return { allowed: rules.some(rule => ruleAllows(rule, attributes)) ? 'allow' : 'no-opinion' }
    },
  }
}
