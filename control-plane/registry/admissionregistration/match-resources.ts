import { isPathSegmentName } from '../../../api/meta/validation.ts'
import { all, each, fields, oneOf, required, text, unique } from '../rules/check.ts'
import { labelSelector } from '../rules/labels.ts'
import { ruleWithOperations } from './rules.ts'

const namedRule = all(
  fields({ resourceNames: all(each(text(isPathSegmentName)), unique()) }),
  ruleWithOperations,
)

/** Which requests a policy, or a binding of one, is for. */
export const matchResources = fields({
  matchPolicy: required(oneOf('Equivalent', 'Exact')),
  namespaceSelector: labelSelector,
  objectSelector: labelSelector,
  resourceRules: each(namedRule),
  excludeResourceRules: each(namedRule),
})
