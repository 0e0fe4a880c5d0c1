import { invalidValue, required as requiredError } from '../../../api/meta/status.ts'
import { collect, each, FINE, fields, oneOf, type Rule, required } from '../rules/check.ts'

const OPERATIONS = ['*', 'CONNECT', 'CREATE', 'DELETE', 'UPDATE']

const alone =
  (what: string): Rule<string[]> =>
  (values, path) =>
    values.length > 1 && values.includes('*')
      ? [invalidValue(path, values, `if '*' is present, must not specify other ${what}`)]
      : FINE

const noneEmpty: Rule<string[]> = (values, path) =>
  values.flatMap((value, i) => (value === '' ? [requiredError(`${path}[${i}]`, '')] : []))

const listOf = (...checks: Rule[]): Rule =>
  required((values, path) => collect(...checks.map(check => check(values, path))))

/** The rule upstream has for lists of resources and their subresources. */
const resources: Rule<string[]> = (values, path) => {
  const wholes = new Set<string>()
  const everywhere = new Set<string>()
  const faults = values.flatMap((value, i) => {
    if (value === '') return [requiredError(`${path}[${i}]`, '')]
    const [resource = '', sub] = value.split('/', 2)
    if (sub === undefined) return []
    const covered = wholes.has(resource) && `${resource}/*`
    const shared = everywhere.has(sub) && `*/${sub}`
    if (sub === '*') wholes.add(resource)
    if (resource === '*') everywhere.add(sub)
    return [covered, shared]
      .filter(Boolean)
      .map(star => invalidValue(`${path}[${i}]`, value, `if '${star}' is present, must not specify ${value}`))
  })
  const isBare = values.includes('*') && values.some(value => value !== '*' && !value.includes('/'))
  return collect(
    faults,
    values.length > 1 &&
      values.includes('*/*') && [
        invalidValue(path, values, "if '*/*' is present, must not specify other resources"),
      ],
    isBare && [
      invalidValue(path, values, "if '*' is present, must not specify other resources without subresources"),
    ],
  )
}

/** Which requests a webhook or a policy is for: v1 RuleWithOperations. */
export const ruleWithOperations: Rule = fields({
  operations: listOf(alone('operations'), each(oneOf(...OPERATIONS))),
  apiGroups: listOf(alone('API groups')),
  apiVersions: listOf(alone('API versions'), noneEmpty),
  resources: listOf(resources),
  scope: oneOf('*', 'Cluster', 'Namespaced'),
})
