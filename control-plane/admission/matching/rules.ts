import type { AdmissionRule } from '../../../api/kinds/admission-types.ts'
import type { AdmissionAttributes } from '../../../plugins/admission.ts'

/** A group version and a resource of it. */
export interface ResourceVersion {
  group: string
  version: string
  resource: string
}

/** What rules look at. */
export interface RuleSubject {
  operation: AdmissionAttributes['operation']
  resource: ResourceVersion
  subresource: string
  /** '' for what is in no namespace; a Namespace is in the one it makes. */
  namespace: string
  name: string
}

/** Whether a rule is for a request. */
export const ruleMatches = (rule: AdmissionRule, subject: RuleSubject): boolean =>
  scopeMatches(rule, subject) &&
  includes(rule.operations, subject.operation) &&
  includes(rule.apiGroups, subject.resource.group) &&
  includes(rule.apiVersions, subject.resource.version) &&
  resourceMatches(rule, subject) &&
  nameMatches(rule, subject)

const includes = (values: readonly string[] = [], value: string): boolean =>
  values.includes('*') || values.includes(value)

export const isNamespaces = ({ group, resource }: ResourceVersion): boolean =>
  group === '' && resource === 'namespaces'

function scopeMatches({ scope = '*' }: AdmissionRule, { resource, namespace }: RuleSubject): boolean {
  if (scope === '*') return true
  const isOfCluster = namespace === '' || isNamespaces(resource)
  return (scope === 'Cluster') === isOfCluster
}

function resourceMatches({ resources = [] }: AdmissionRule, { resource, subresource }: RuleSubject): boolean {
  return resources.some(text => {
    const [wanted, sub = ''] = text.split('/', 2)
    return (wanted === '*' || wanted === resource.resource) && (sub === '*' || sub === subresource)
  })
}

const nameMatches = ({ resourceNames = [] }: AdmissionRule, { name }: RuleSubject): boolean =>
  resourceNames.length === 0 || resourceNames.includes(name)
