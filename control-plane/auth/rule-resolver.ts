import type { Informer, InformerFactory } from '../../api/client/client.ts'
import { clusterRoleBindings, clusterRoles, roleBindings, roles } from '../../api/kinds/rbac.ts'
import type { ClusterRoleBinding, PolicyRule, RoleBinding, RoleRef, Subject } from '../../api/kinds/types.ts'
import type { UserInfo } from './types.ts'

type Binding = RoleBinding | ClusterRoleBinding

/** Sees one rule of a user; `source` says in words where it comes from. False ends the visit. */
export type RuleVisitor = (rule: PolicyRule, source: () => string) => boolean

/** Finds the rules that hold for a user, in a namespace and cluster-wide. */
export interface RuleResolver {
  /** Shows the rules one by one until the visitor has enough. Gives the roles that were bound and not there. */
  visit(user: UserInfo, namespace: string | undefined, visitor: RuleVisitor): string[]
  rulesFor(user: UserInfo, namespace: string | undefined): PolicyRule[]
  /** The rules of the role that a binding in a namespace refers to; undefined when it is not there. */
  rulesOf(roleRef: RoleRef, namespace: string | undefined): PolicyRule[] | undefined
}

const ACCOUNT_PREFIX = 'system:serviceaccount:'

function subjectKeys({ metadata, subjects = [] }: Binding): string[] {
  return subjects.map(({ kind, name, namespace }) =>
    kind === 'ServiceAccount'
      ? `User/${ACCOUNT_PREFIX}${namespace || metadata.namespace}:${name}`
      : `${kind}/${name}`,
  )
}

/** Reads roles and bindings from the caches; indexes by subject find a user's bindings at once. */
export function createRuleResolver(informers: InformerFactory): RuleResolver {
  const wide = informers.informer(clusterRoleBindings)
  const local = informers.informer(roleBindings)
  const clusterRoleCache = informers.informer(clusterRoles)
  const roleCache = informers.informer(roles)
  wide.addIndex('subject', subjectKeys)
  local.addIndex('namespaced-subject', binding =>
    subjectKeys(binding).map(key => `${binding.metadata.namespace}/${key}`),
  )
  const rulesOf: RuleResolver['rulesOf'] = ({ kind, name }, namespace) => {
    const role = kind === 'ClusterRole' ? clusterRoleCache.get(name) : roleCache.get(`${namespace}/${name}`)
    return role && (role.rules ?? [])
  }
  const visit: RuleResolver['visit'] = (user, namespace, visitor) => {
    const faults: string[] = []
    for (const [binding, subject] of bindingsOf(user, namespace, wide, local)) {
      const rules = rulesOf(binding.roleRef, binding.metadata.namespace)
      if (!rules) faults.push(missingRole(binding.roleRef))
      const source = (): string => describeBinding(binding, subject)
      for (const rule of rules ?? []) if (!visitor(rule, source)) return faults
    }
    return faults
  }
  return {
    rulesOf,
    visit,
    rulesFor(user, namespace) {
      const rules: PolicyRule[] = []
      visit(user, namespace, rule => rules.push(rule) > 0)
      return rules
    },
  }
}

/** The bindings a user has, each with the subject that made it so. */
function* bindingsOf(
  { name, groups }: UserInfo,
  namespace: string | undefined,
  wide: Informer<ClusterRoleBinding>,
  local: Informer<RoleBinding>,
): Generator<[Binding, string]> {
  const subjects = [`User/${name}`, ...groups.map(group => `Group/${group}`)]
  for (const subject of subjects) {
    for (const binding of wide.byIndex('subject', subject)) yield [binding, subject]
  }
  if (!namespace) return
  for (const subject of subjects) {
    for (const binding of local.byIndex('namespaced-subject', `${namespace}/${subject}`))
      yield [binding, subject]
  }
}

const missingRole = ({ kind, name }: RoleRef): string =>
  `${kind.toLowerCase()}.rbac.authorization.k8s.io ${JSON.stringify(name)} not found`

function describeBinding(binding: Binding, subject: string): string {
  const { kind, metadata, roleRef } = binding
  const name = metadata.namespace ? `${metadata.name}/${metadata.namespace}` : metadata.name
  const type = metadata.namespace ? 'RoleBinding' : 'ClusterRoleBinding'
  const role = `${roleRef.kind} ${JSON.stringify(roleRef.name)}`
  return `${kind || type} ${JSON.stringify(name)} of ${role} to ${describeSubject(binding, subject)}`
}

function describeSubject({ metadata, subjects = [] }: Binding, key: string): string {
  const matches = ({ kind, name, namespace }: Subject): boolean =>
    key === `${kind}/${name}` ||
    (kind === 'ServiceAccount' && key === `User/${ACCOUNT_PREFIX}${namespace || metadata.namespace}:${name}`)
  const { kind, name, namespace } = subjects.find(matches)!
  const full = kind === 'ServiceAccount' ? `${name}/${namespace || metadata.namespace}` : name
  return `${kind} ${JSON.stringify(full)}`
}
