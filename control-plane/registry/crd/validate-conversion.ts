import { X509Certificate } from 'node:crypto'
import type {
  CustomConversion,
  CustomResourceDefinition,
  WebhookClientConfig,
} from '../../../api/kinds/apiextensions.ts'
import {
  type FieldError,
  forbiddenField,
  invalidValue,
  notSupported,
  required,
} from '../../../api/meta/status.ts'
import { isDns1035Label } from '../../../api/meta/validation.ts'
import { webhookServiceFaults } from '../rules/webhook-service.ts'
import { isConditionTrue } from './conditions.ts'

const PATH = 'spec.conversion'
const STRATEGIES = ['None', 'Webhook']
/** Versions of ConversionReview that are spoken here. */
export const REVIEW_VERSIONS = ['v1', 'v1beta1']

/** How objects are brought to another version: paths are those of upstream's internal type. */
export function validateConversion(
  conversion: CustomConversion | undefined,
  old?: CustomResourceDefinition,
): FieldError[] {
  if (!conversion) return []
  const { strategy, webhook } = conversion
  if (!strategy) return [required(`${PATH}.strategy`, '')]
  if (!STRATEGIES.includes(strategy)) return [notSupported(`${PATH}.strategy`, strategy, STRATEGIES)]
  if (strategy === 'Webhook') {
    return [
      ...validateClient(webhook?.clientConfig),
      ...(mayHaveBadBundle(old) ? [] : validateBundle(webhook?.clientConfig)),
      ...validateReviewVersions(webhook?.conversionReviewVersions ?? [], old),
    ]
  }
  const text = 'should not be set when strategy is not set to Webhook'
  return [
    ...(webhook?.clientConfig ? [forbiddenField(`${PATH}.webhookClientConfig`, text)] : []),
    ...(webhook?.conversionReviewVersions?.length
      ? [forbiddenField(`${PATH}.conversionReviewVersions`, text)]
      : []),
  ]
}

function validateClient(client: WebhookClientConfig | undefined): FieldError[] {
  const path = `${PATH}.webhookClientConfig`
  if (!client) return [required(path, 'required when strategy is set to Webhook')]
  const { url, service } = client
  if (Boolean(url) === Boolean(service)) return [required(path, 'exactly one of url or service is required')]
  return url ? validateUrl(`${path}.url`, url) : [...webhookServiceFaults(service!, `${path}.service`)]
}

const FORM = '; desired format: https://host[/path]'

function validateUrl(path: string, text: string): FieldError[] {
  if (!URL.canParse(text)) return [required(path, `url must be a valid URL: parse "${text}"${FORM}`)]
  const { protocol, username, password, hash, search, host } = new URL(text)
  const errors: FieldError[] = []
  const say = (badValue: string, detail: string) => errors.push(invalidValue(path, badValue, detail))
  if (protocol !== 'https:') say(protocol.slice(0, -1), `'https' is the only allowed URL scheme${FORM}`)
  if (!host) say(host, `host must be specified${FORM}`)
  if (username)
    say(password ? `${username}:${password}` : username, 'user information is not permitted in the URL')
  if (hash) say(hash.slice(1), 'fragments are not permitted in the URL')
  if (search) say(search.slice(1), 'query parameters are not permitted in the URL')
  return errors
}

/** Certificates may be bad as long as nobody is answered by them, and where they were bad before. */
function mayHaveBadBundle(old: CustomResourceDefinition | undefined): boolean {
  if (!old || !isConditionTrue(old, 'Established')) return true
  return validateBundle(old.spec.conversion?.webhook?.clientConfig).length > 0
}

const CERTIFICATE = /-----BEGIN CERTIFICATE-----[\s\S]+?-----END CERTIFICATE-----/g

function validateBundle(client: WebhookClientConfig | undefined): FieldError[] {
  if (!client?.caBundle) return []
  const texts = Buffer.from(client.caBundle, 'base64').toString().match(CERTIFICATE) ?? []
  const isGood = texts.length > 0 && texts.every(isCertificate)
  if (isGood) return []
  const fault = 'unable to load root certificates: unable to parse bytes as PEM block'
  return [invalidValue(`${PATH}.webhookClientConfig.caBundle`, client.caBundle, fault)]
}

function isCertificate(text: string): boolean {
  try {
    return new X509Certificate(text).raw.length > 0
  } catch {
    return false
  }
}

const isSpoken = (version: string): boolean => REVIEW_VERSIONS.includes(version)

function validateReviewVersions(
  versions: readonly string[],
  old: CustomResourceDefinition | undefined,
): FieldError[] {
  const path = `${PATH}.conversionReviewVersions`
  if (versions.length === 0) return [required(path, '')]
  const errors = versions.flatMap((version, i) =>
    versions.indexOf(version) < i
      ? [invalidValue(`${path}[${i}]`, version, 'duplicate version')]
      : isDns1035Label(version).map(fault => invalidValue(`${path}[${i}]`, version, fault)),
  )
  const before = old?.spec.conversion?.webhook?.conversionReviewVersions ?? []
  const wasSpoken = before.length === 0 || before.some(isSpoken)
  if (wasSpoken && !versions.some(isSpoken))
    errors.push(invalidValue(path, versions, `must include at least one of ${REVIEW_VERSIONS.join(', ')}`))
  return errors
}
