import type { PolicyRule } from '../../api/kinds/types.ts'
import type { RuleResolver } from './rule-resolver.ts'
import type { AuthorizationAttributes, ImmediateAuthorizer } from './types.ts'

export { createRuleResolver, type RuleResolver } from './rule-resolver.ts'

const includes = (values: string[] | undefined, value: string): boolean =>
  values !== undefined && (values.includes(value) || values.includes('*'))

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

/** Allows what a role bound to the user allows (kubernetes.io, "Using RBAC Authorization"). */
export function createRbacAuthorizer(resolver: RuleResolver): ImmediateAuthorizer {
  return {
    authorize(attributes) {
      let reason: string | undefined
      const faults = resolver.visit(attributes.user, attributes.namespace, (rule, source) => {
        if (!ruleAllows(rule, attributes)) return true
        reason = `RBAC: allowed by ${source()}`
        return false
      })
      if (reason) return { allowed: 'allow', reason }
      return {
        allowed: 'no-opinion',
        ...(faults.length > 0 && { reason: `RBAC: ${describeFaults(faults)}` }),
      }
    },
  }
}

/** Several faults stand in brackets, as Go's aggregate prints them. */
const describeFaults = (faults: string[]): string => {
  const unique = [...new Set(faults)]
  return unique.length === 1 ? unique[0]! : `[${unique.join(', ')}]`
}
