import type { CustomConversion, WebhookClientConfig } from '../../../api/kinds/apiextensions.ts'
import {
  type FieldError,
  forbiddenField,
  invalidValue,
  notSupported,
  required,
} from '../../../api/meta/status.ts'
import { isDns1035Label, isValidPortNumber } from '../../../api/meta/validation.ts'

const PATH = 'spec.conversion'
const STRATEGIES = ['None', 'Webhook']
/** Versions of ConversionReview that are spoken here. */
export const REVIEW_VERSIONS = ['v1', 'v1beta1']

/** How objects are brought to another version: paths are those of upstream's internal type. */
export function validateConversion(conversion: CustomConversion | undefined): FieldError[] {
  if (!conversion) return []
  const { strategy, webhook } = conversion
  if (!strategy) return [required(`${PATH}.strategy`, '')]
  if (!STRATEGIES.includes(strategy)) return [notSupported(`${PATH}.strategy`, strategy, STRATEGIES)]
  if (strategy === 'Webhook') {
    return [
      ...validateClient(webhook?.clientConfig),
      ...validateReviewVersions(webhook?.conversionReviewVersions ?? []),
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
  return url ? validateUrl(`${path}.url`, url) : validateService(`${path}.service`, service!)
}

const FORM = '; desired format: https://host[/path]'

function validateUrl(path: string, text: string): FieldError[] {
  if (!URL.canParse(text)) return [required(path, `url must be a valid URL: parse "${text}"${FORM}`)]
  const { protocol, username, hash, search, host } = new URL(text)
  const errors: FieldError[] = []
  const say = (badValue: string, detail: string) => errors.push(invalidValue(path, badValue, detail + FORM))
  if (protocol !== 'https:') say(protocol.slice(0, -1), "'https' is the only allowed URL scheme")
  if (!host) say(host, 'host must be specified')
  if (username) say(username, 'user information is not permitted in the URL')
  if (hash) say(hash.slice(1), 'fragments are not permitted in the URL')
  if (search) say(search.slice(1), 'query parameters are not permitted in the URL')
  return errors
}

function validateService(
  path: string,
  { name, namespace, port, path: urlPath }: NonNullable<WebhookClientConfig['service']>,
): FieldError[] {
  const errors: FieldError[] = []
  if (!name) errors.push(required(`${path}.name`, 'service name is required'))
  if (!namespace) errors.push(required(`${path}.namespace`, 'service namespace is required'))
  for (const fault of isValidPortNumber(port ?? 443))
    errors.push(invalidValue(`${path}.port`, port, `port is not valid: ${fault}`))
  if (urlPath !== undefined && !urlPath.startsWith('/'))
    errors.push(invalidValue(`${path}.path`, urlPath, "must start with a '/'"))
  return errors
}

function validateReviewVersions(versions: readonly string[]): FieldError[] {
  const path = `${PATH}.conversionReviewVersions`
  if (versions.length === 0) return [required(path, '')]
  const errors = versions.flatMap((version, i) =>
    isDns1035Label(version).map(fault => invalidValue(`${path}[${i}]`, version, fault)),
  )
  if (errors.length === 0 && !versions.some(version => REVIEW_VERSIONS.includes(version)))
    errors.push(invalidValue(path, versions, `must include at least one of ${REVIEW_VERSIONS.join(', ')}`))
  return errors
}
