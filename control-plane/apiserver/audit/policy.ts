import type { UserInfo } from '../../auth/types.ts'
import type { RequestInfo } from '../pipeline/request-info.ts'

export const LEVELS = ['None', 'Metadata', 'Request', 'RequestResponse'] as const
export const STAGES = ['RequestReceived', 'ResponseStarted', 'ResponseComplete', 'Panic'] as const

/** How much is told of a request: nothing, who did what, also what was sent, also what was answered. */
export type AuditLevel = (typeof LEVELS)[number]
export type AuditStage = (typeof STAGES)[number]

/** Requests a rule is about; what is left out or empty stands for all (audit.k8s.io/v1 PolicyRule). */
export interface AuditRule {
  level: AuditLevel
  users?: string[]
  userGroups?: string[]
  verbs?: string[]
  namespaces?: string[]
  resources?: { group?: string; resources?: string[]; resourceNames?: string[] }[]
  nonResourceURLs?: string[]
  omitStages?: AuditStage[]
  omitManagedFields?: boolean
}

/** audit.k8s.io/v1 Policy: the first rule that matches a request says how much is told of it. */
export interface AuditPolicy {
  rules: AuditRule[]
  omitStages?: AuditStage[]
  omitManagedFields?: boolean
}

/** What is told of a request. */
export interface AuditDecision {
  level: AuditLevel
  omitStages: ReadonlySet<AuditStage>
  omitManagedFields: boolean
}

/** Where there is no policy, it is told who did what, once it is done. */
export const DEFAULT_POLICY: AuditPolicy = {
  rules: [{ level: 'Metadata' }],
  omitStages: ['RequestReceived'],
}

/** Gives the function that finds what is told of a request. */
export function createEvaluator(policy: AuditPolicy): (info: RequestInfo, user: UserInfo) => AuditDecision {
  const decisionOf = (rule: AuditRule): AuditDecision => ({
    level: rule.level,
    omitStages: new Set([...(policy.omitStages ?? []), ...(rule.omitStages ?? [])]),
    omitManagedFields: rule.omitManagedFields ?? policy.omitManagedFields ?? false,
  })
  const rules = policy.rules.map(rule => ({ rule, decision: decisionOf(rule) }))
  const none = decisionOf({ level: 'None' })
  return (info, user) => rules.find(({ rule }) => matches(rule, info, user))?.decision ?? none
}

const isOpen = (values: readonly unknown[] | undefined): values is undefined => !values || values.length === 0

const allows = (values: readonly string[] | undefined, value: string): boolean =>
  isOpen(values) || values.includes(value)

function matches(rule: AuditRule, info: RequestInfo, user: UserInfo): boolean {
  if (!allows(rule.users, user.name) || !allows(rule.verbs, info.verb)) return false
  if (!isOpen(rule.userGroups) && !user.groups.some(group => rule.userGroups!.includes(group))) return false
  if (!isOpen(rule.namespaces) || !isOpen(rule.resources)) return matchesResource(rule, info)
  if (isOpen(rule.nonResourceURLs)) return true
  return !info.isResourceRequest && rule.nonResourceURLs.some(url => matchesPath(url, info.path))
}

function matchesPath(url: string, path: string): boolean {
  if (url === '*' || url === path) return true
  return url.endsWith('*') && path.startsWith(url.replace(/\*+$/, ''))
}

function matchesResource(rule: AuditRule, info: RequestInfo): boolean {
  if (!info.isResourceRequest || !allows(rule.namespaces, info.namespace ?? '')) return false
  if (isOpen(rule.resources)) return true
  return rule.resources.some(({ group = '', resources, resourceNames }) => {
    if (group !== info.group) return false
    if (isOpen(resources)) return true
    const isNamed = allows(resourceNames, info.name ?? info.selectedName ?? '')
    return isNamed && resources.some(resource => isResource(resource, info))
  })
}

/** `pods`, `pods/log`, `pods/*`, a subresource of all, or `*` for all there is. */
function isResource(pattern: string, { resource, subresource }: RequestInfo): boolean {
  const combined = subresource === '' ? resource : `${resource}/${subresource}`
  if (pattern === combined || pattern === '*') return true
  if (subresource !== '' && pattern === `*/${subresource}`) return true
  return pattern === `${resource}/*`
}
