import { isDeepStrictEqual } from 'node:util'
import type { Client, InformerFactory } from '../../api/client/client.ts'
import { resourceName } from '../../api/kinds/kind.ts'
import { clusterRoles, roles } from '../../api/kinds/rbac.ts'
import type { ClusterRole, ClusterRoleBinding, PolicyRule, RoleRef } from '../../api/kinds/types.ts'
import { forbidden } from '../../api/meta/status.ts'
import type { AdmissionAttributes, AdmissionPlugin } from '../../plugins/admission.ts'
import { createRuleResolver, type RuleResolver } from '../auth/rbac.ts'
import { describeRights, quoteList, uncoveredRights } from '../auth/rule-cover.ts'
import type { Authorizer } from '../auth/types.ts'

const GROUP = 'rbac.authorization.k8s.io'
const MASTERS = 'system:masters'
const ROLES = new Set([`roles.${GROUP}`, `clusterroles.${GROUP}`])
const ROLE_KINDS = new Set(['Role', 'ClusterRole'])
const BINDINGS = new Set([`rolebindings.${GROUP}`, `clusterrolebindings.${GROUP}`])
const EVERYTHING: PolicyRule[] = [
  { verbs: ['*'], apiGroups: ['*'], resources: ['*'] },
  { verbs: ['*'], nonResourceURLs: ['*'] },
]

/** Nobody gives away rights that they do not have, unless they may `escalate` the role or `bind` it. */
export function escalationCheck(
  client: Client,
  informers: InformerFactory,
  authorizer: Authorizer,
): AdmissionPlugin {
  const rules = createRuleResolver(informers)
  return {
    name: 'EscalationCheck',
    handles: ({ operation, kind, subresource }) =>
      (operation === 'CREATE' || operation === 'UPDATE') &&
      subresource === '' &&
      (ROLES.has(resourceName(kind)) || BINDINGS.has(resourceName(kind))),
    async mutate(attributes) {
      if (attributes.user.groups.includes(MASTERS)) return
      if (ROLES.has(resourceName(attributes.kind))) await checkRole(attributes, rules, authorizer)
      else await checkBinding(attributes, rules, authorizer, client)
    },
  }
}

async function checkRole(
  attributes: AdmissionAttributes,
  resolver: RuleResolver,
  authorizer: Authorizer,
): Promise<void> {
  const { kind, namespace, user } = attributes
  const role = attributes.object as ClusterRole
  const old = attributes.oldObject as ClusterRole | undefined
  const isSame =
    old &&
    isDeepStrictEqual(role.rules ?? [], old.rules ?? []) &&
    isDeepStrictEqual(role.aggregationRule, old.aggregationRule)
  if (isSame) return
  const name = role.metadata.name ?? ''
  const resource = { group: GROUP, plural: kind.plural }
  if (await mayDo(authorizer, attributes, 'escalate', kind.plural, name)) return
  const owned = resolver.rulesFor(user, namespace)
  const fault = missingRights(attributes, owned, role.rules ?? [])
  if (fault) throw forbidden(resource, name, fault)
  if (role.aggregationRule && uncoveredRights(owned, EVERYTHING).length > 0) {
    throw forbidden(resource, name, 'must have cluster-admin privileges to use the aggregationRule')
  }
}

async function checkBinding(
  attributes: AdmissionAttributes,
  resolver: RuleResolver,
  authorizer: Authorizer,
  client: Client,
): Promise<void> {
  const { kind, namespace, user } = attributes
  const binding = attributes.object as ClusterRoleBinding
  const old = attributes.oldObject as ClusterRoleBinding | undefined
  const isSame =
    old &&
    isDeepStrictEqual(binding.roleRef, old.roleRef) &&
    isDeepStrictEqual(binding.subjects ?? [], old.subjects ?? [])
  if (isSame) return
  const { roleRef } = binding
  // What refers to no role is for validation to refuse.
  if (!roleRef?.name || !ROLE_KINDS.has(roleRef.kind)) return
  const plural = roleRef.kind === 'ClusterRole' ? 'clusterroles' : 'roles'
  if (await mayDo(authorizer, attributes, 'bind', plural, roleRef.name)) return
  const given = resolver.rulesOf(roleRef, namespace) ?? (await storedRules(client, roleRef, namespace))
  const fault = missingRights(attributes, resolver.rulesFor(user, namespace), given)
  if (fault) throw forbidden({ group: GROUP, plural: kind.plural }, binding.metadata.name ?? '', fault)
}

/** The rules of a role so new that the cache has not seen it. Throws NotFound when there is none. */
async function storedRules(client: Client, { kind, name }: RoleRef, namespace = ''): Promise<PolicyRule[]> {
  const role =
    kind === 'ClusterRole'
      ? await client.get(clusterRoles, { name })
      : await client.get(roles, { name, namespace })
  return role.rules ?? []
}

async function mayDo(
  authorizer: Authorizer,
  { user, namespace }: AdmissionAttributes,
  verb: string,
  resource: string,
  name: string,
): Promise<boolean> {
  const { allowed } = await authorizer.authorize({
    user,
    verb,
    isResourceRequest: true,
    apiGroup: GROUP,
    apiVersion: '*',
    resource,
    name,
    ...(namespace && { namespace }),
  })
  return allowed === 'allow'
}

function missingRights(
  { user }: AdmissionAttributes,
  owned: readonly PolicyRule[],
  wanted: readonly PolicyRule[],
): string | undefined {
  const missing = uncoveredRights(owned, wanted)
  if (missing.length === 0) return undefined
  const who = `user ${JSON.stringify(user.name)} (groups=${quoteList(user.groups)})`
  return `${who} is attempting to grant RBAC permissions not currently held:\n${describeRights(missing).join('\n')}`
}
