import {
  duplicateValue,
  type FieldError,
  invalidValue,
  required as requiredError,
} from '../../../api/meta/status.ts'
import { isDns1035Label, isDns1123Subdomain } from '../../../api/meta/validation.ts'
import {
  between,
  collect,
  each,
  FINE,
  fields,
  isSame,
  must,
  oneOf,
  type Rule,
  required,
} from '../rules/check.ts'
import { labelSelector } from '../rules/labels.ts'
import { webhookServiceFaults } from '../rules/webhook-service.ts'
import { conditionFaults } from './expressions.ts'
import { ruleWithOperations } from './rules.ts'

const REVIEW_VERSIONS = ['v1', 'v1beta1']

/** All that is wrong with a configuration of webhooks. */
export function webhookFaults({ webhooks = [] }: any, old?: any): readonly FieldError[] {
  const areSameConditions =
    old !== undefined && isSame(conditionsOf(webhooks), conditionsOf(old.webhooks ?? []))
  const names = new Set<string>()
  return webhooks.flatMap((webhook: any, i: number) => {
    const at = `webhooks[${i}]`
    const { name = '' } = webhook
    const isRepeated = name && names.has(name)
    names.add(name)
    return collect(
      fullName(name, `${at}.name`),
      rules(webhook, at),
      clientFaults(webhook.clientConfig ?? {}, `${at}.clientConfig`),
      versionFaults(webhook.admissionReviewVersions ?? [], `${at}.admissionReviewVersions`),
      !areSameConditions && conditionFaults(webhook.matchConditions ?? [], `${at}.matchConditions`, false),
      isRepeated && [duplicateValue(`${at}.name`, name)],
    )
  })
}

const conditionsOf = (webhooks: any[]): unknown[] => webhooks.map(({ matchConditions }) => matchConditions)

/** A name of at least three parts. */
const fullName: Rule<string> = (name, path) => {
  if (name === '') return [requiredError(path, '')]
  const faults = isDns1123Subdomain(name)
  if (faults.length > 0) return [invalidValue(path, name, faults.join(','))]
  if (name.split('.').length >= 3) return FINE
  return [invalidValue(path, name, 'should be a domain with at least three segments separated by dots')]
}

const sideEffects: Rule<string> = required(
  oneOf('None', 'NoneOnDryRun'),
  'must specify one of None, NoneOnDryRun',
)

const rules = fields({
  rules: each(ruleWithOperations),
  failurePolicy: oneOf('Fail', 'Ignore'),
  matchPolicy: oneOf('Equivalent', 'Exact'),
  sideEffects,
  timeoutSeconds: must(
    seconds => between(1, 30)(seconds, '').length === 0,
    'the timeout value must be between 1 and 30 seconds',
  ),
  namespaceSelector: labelSelector,
  objectSelector: labelSelector,
  reinvocationPolicy: oneOf('IfNeeded', 'Never'),
})

function clientFaults({ url, service }: any, path: string): readonly FieldError[] {
  if (Boolean(url) === Boolean(service)) {
    return [requiredError(path, 'exactly one of url or service is required')]
  }
  return url ? urlFaults(url, `${path}.url`) : webhookServiceFaults(service, `${path}.service`)
}

function urlFaults(url: string, path: string): readonly FieldError[] {
  const form = '; desired format: https://host[/path]'
  const parsed = URL.canParse(url) ? new URL(url) : undefined
  if (!parsed) {
    return [
      requiredError(
        path,
        `url must be a valid URL: parse ${JSON.stringify(url)}: invalid URI for request${form}`,
      ),
    ]
  }
  const refuse = (shown: string, detail: string): FieldError[] => [invalidValue(path, shown, detail)]
  return collect(
    parsed.protocol !== 'https:' &&
      refuse(parsed.protocol.slice(0, -1), `'https' is the only allowed URL scheme${form}`),
    parsed.hostname === '' && refuse('', `host must be specified${form}`),
    parsed.username !== '' &&
      refuse(
        parsed.password ? `${parsed.username}:${parsed.password}` : parsed.username,
        'user information is not permitted in the URL',
      ),
    parsed.hash !== '' && refuse(parsed.hash.slice(1), 'fragments are not permitted in the URL'),
    parsed.search !== '' && refuse(parsed.search.slice(1), 'query parameters are not permitted in the URL'),
  )
}

function versionFaults(versions: string[], path: string): readonly FieldError[] {
  const known = REVIEW_VERSIONS.join(', ')
  if (versions.length === 0) return [requiredError(path, `must specify one of ${known}`)]
  return collect(
    versions.flatMap((version, i) => {
      const at = `${path}[${i}]`
      if (versions.indexOf(version) < i) return [invalidValue(at, version, 'duplicate version')]
      return isDns1035Label(version).map(fault => invalidValue(at, version, fault))
    }),
    !versions.some(version => REVIEW_VERSIONS.includes(version)) && [
      invalidValue(path, versions, `must include at least one of ${known}`),
    ],
  )
}
