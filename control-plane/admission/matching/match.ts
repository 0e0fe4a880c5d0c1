import type { AdmissionRule, RequestSelection } from '../../../api/kinds/admission-types.ts'
import type { RequestForm, WrittenRequest } from '../written-request.ts'
import { ruleMatches } from './rules.ts'

/**
 * The form in which a request is for one of the rules: as it was made, or under `Equivalent` as one for another version of
 * the same objects.
 */
export function matchRules(
  rules: readonly AdmissionRule[],
  matchPolicy: RequestSelection['matchPolicy'],
  request: WrittenRequest,
): RequestForm | undefined {
  if (rules.some(rule => ruleMatches(rule, request))) return request.form
  if (rules.length === 0 || matchPolicy === 'Exact') return undefined
  const others = request.equivalents()
  if (others.length === 0) return undefined
  const { operation, subresource, namespace, name } = request
  for (const rule of rules) {
    for (const form of others) {
      const subject = { operation, subresource, namespace, name, resource: form.resource }
      if (ruleMatches(rule, subject)) return form
    }
  }
  return undefined
}
