import type {
  FlowSubject,
  NonResourcePolicyRule,
  PolicyRulesWithSubjects,
  ResourcePolicyRule,
} from '../../../api/kinds/flowcontrol.ts'
import type { UserInfo } from '../../auth/types.ts'
import type { RequestInfo } from '../pipeline/request-info.ts'

const ACCOUNT = 'system:serviceaccount:'

/** The rules of a schema that are about a user. */
export const rulesFor = (rules: readonly PolicyRulesWithSubjects[], user: UserInfo) =>
  rules.filter(({ subjects }) => subjects.some(subject => isAbout(subject, user)))

function isAbout({ kind, user, group, serviceAccount }: FlowSubject, { name, groups }: UserInfo): boolean {
  if (kind === 'User') return user !== undefined && (user.name === '*' || user.name === name)
  if (kind === 'Group') return group !== undefined && (group.name === '*' || groups.includes(group.name))
  if (!serviceAccount) return false
  const accounts = `${ACCOUNT}${serviceAccount.namespace}:`
  return serviceAccount.name === '*' ? name.startsWith(accounts) : name === accounts + serviceAccount.name
}

const isAll = (values: readonly string[]): boolean => values.length === 1 && values[0] === '*'

const has = (values: readonly string[], value: string): boolean => isAll(values) || values.includes(value)

/** Whether a rule holds for every resource request there is. */
export const isEveryResource = (rule: ResourcePolicyRule): boolean =>
  isAll(rule.verbs) &&
  isAll(rule.apiGroups) &&
  isAll(rule.resources) &&
  isAll(rule.namespaces ?? []) &&
  rule.clusterScope === true

export const isEveryPath = (rule: NonResourcePolicyRule): boolean =>
  isAll(rule.verbs) && isAll(rule.nonResourceURLs)

export function matchesResource(rule: ResourcePolicyRule, info: RequestInfo): boolean {
  const { resource, subresource, namespace } = info
  if (!has(rule.verbs, info.verb)) return false
  if (!has(rule.resources, subresource === '' ? resource : `${resource}/${subresource}`)) return false
  if (!has(rule.apiGroups, info.group)) return false
  return namespace === undefined ? rule.clusterScope === true : has(rule.namespaces ?? [], namespace)
}

/** A path of a rule also stands for all below it. */
export function matchesPath(rule: NonResourcePolicyRule, { verb, path }: RequestInfo): boolean {
  if (!has(rule.verbs, verb)) return false
  return rule.nonResourceURLs.some(url => {
    if (url === '*' || url === path) return true
    const prefix = url.endsWith('*') ? url.slice(0, -1) : url
    return path.startsWith(prefix.endsWith('/') ? prefix : `${prefix}/`)
  })
}
