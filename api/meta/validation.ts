/**
 * Rules for names, labels and the like (k8s.io/apimachinery validation). Each function returns what is wrong with a
 * value, in upstream's words; nothing when all is well.
 */

const LABEL = '[a-z0-9]([-a-z0-9]*[a-z0-9])?'
const SUBDOMAIN = `${LABEL}(\\.${LABEL})*`
const QUALIFIED_NAME = '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]'

const matcher = (pattern: string): RegExp => new RegExp(`^${pattern}$`)

const regexError = (message: string, pattern: string, ...examples: string[]): string => {
  const samples = examples.map((example, i) => `${i === 0 ? '' : ' or '}'${example}', `).join('')
  return `${message} (e.g. ${samples}regex used for validation is '${pattern}')`
}

const maxLength = (max: number): string => `must be no more than ${max} characters`

const LABEL_MESSAGE =
  "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character"
const SUBDOMAIN_MESSAGE =
  "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character"
const LABEL1035 = '[a-z]([-a-z0-9]*[a-z0-9])?'
const LABEL1035_MESSAGE =
  "a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with an alphabetic character, and end with an alphanumeric character"
const LABEL_VALUE = `(${QUALIFIED_NAME})?`
const LABEL_VALUE_MESSAGE =
  "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character"
const QUALIFIED_MESSAGE =
  "must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character"

/** Shared, as most values are fine. */
const NONE: string[] = Object.freeze([] as string[]) as string[]

function check(value: string, max: number, pattern: RegExp, message: string): string[] {
  if (value.length <= max && pattern.test(value)) return NONE
  const faults: string[] = []
  if (value.length > max) faults.push(maxLength(max))
  if (!pattern.test(value)) faults.push(message)
  return faults
}

const labelPattern = matcher(LABEL)
const labelText = regexError(LABEL_MESSAGE, LABEL, 'my-name', '123-abc')

const subdomainPattern = matcher(SUBDOMAIN)

/** RFC 1123 label: container names, namespaces. */
export function isDns1123Label(value: string): string[] {
  if (value.length <= 63 && labelPattern.test(value)) return NONE
  const hasOnlyDotsTooMany = !labelPattern.test(value) && subdomainPattern.test(value)
  return check(value, 63, labelPattern, hasOnlyDotsTooMany ? 'must not contain dots' : labelText)
}

const subdomainText = regexError(SUBDOMAIN_MESSAGE, SUBDOMAIN, 'example.com')

/** RFC 1123 subdomain: the names of most objects. */
export const isDns1123Subdomain = (value: string): string[] =>
  check(value, 253, subdomainPattern, subdomainText)

const label1035Pattern = matcher(LABEL1035)
const label1035Text = regexError(LABEL1035_MESSAGE, LABEL1035, 'my-name', 'abc-123')

/** RFC 1035 label: Service names. */
export const isDns1035Label = (value: string): string[] => check(value, 63, label1035Pattern, label1035Text)

const labelValuePattern = matcher(LABEL_VALUE)
const labelValueText = regexError(LABEL_VALUE_MESSAGE, LABEL_VALUE, 'MyValue', 'my_value', '12345')

export const isValidLabelValue = (value: string): string[] =>
  check(value, 63, labelValuePattern, labelValueText)

const namePattern = matcher(QUALIFIED_NAME)
const nameText = regexError(QUALIFIED_MESSAGE, QUALIFIED_NAME, 'MyName', 'my.name', '123-abc')

/** A label or annotation key: an optional DNS subdomain prefix and a name. */
export function isQualifiedName(value: string): string[] {
  const slash = value.indexOf('/')
  const isFine =
    value.length - slash <= 64 &&
    slash <= 253 &&
    namePattern.test(value.slice(slash + 1)) &&
    (slash === -1 || subdomainPattern.test(value.slice(0, slash)))
  return isFine ? NONE : qualifiedNameFaults(value)
}

function qualifiedNameFaults(value: string): string[] {
  const parts = value.split('/')
  if (parts.length > 2)
    return [
      `a qualified name ${nameText} with an optional DNS subdomain prefix and '/' (e.g. 'example.com/MyName')`,
    ]
  const [name = '', prefix] = parts.reverse()
  const faults: string[] = []
  if (prefix === '') faults.push('prefix part must be non-empty')
  else if (prefix !== undefined)
    faults.push(...isDns1123Subdomain(prefix).map(fault => `prefix part ${fault}`))
  if (name === '') return [...faults, 'name part must be non-empty', `name part ${nameText}`]
  if (name.length > 63) faults.push(`name part ${maxLength(63)}`)
  if (!namePattern.test(name)) faults.push(`name part ${nameText}`)
  return faults
}

/** A name used as one segment of a path: RBAC objects. */
export function isPathSegmentName(value: string): string[] {
  if (value === '.' || value === '..') return [`may not be '${value}'`]
  return ['/', '%'].filter(part => value.includes(part)).map(part => `may not contain '${part}'`)
}

/** A port number. */
export const isValidPortNumber = (port: number): string[] =>
  Number.isInteger(port) && port >= 1 && port <= 65_535 ? [] : ['must be between 1 and 65535, inclusive']

/** A port name (IANA service name): at most 15 of a-z, 0-9, '-', with at least one letter. */
export function isValidPortName(name: string): string[] {
  const faults: string[] = []
  if (name.length > 15) faults.push('must be no more than 15 characters')
  if (!/^[-a-z0-9]+$/.test(name))
    faults.push('must contain only alpha-numeric characters (a-z, 0-9), and hyphens (-)')
  if (!/[a-z]/.test(name)) faults.push('must contain at least one letter (a-z)')
  if (name.includes('--')) faults.push('must not contain consecutive hyphens')
  if (name.startsWith('-') || name.endsWith('-')) faults.push('must not begin or end with a hyphen')
  return faults
}

/** The name of an environment variable: printable ASCII but `=` (relaxed since v1.30). */
export function isEnvVarName(name: string): string[] {
  if (name.length === 0) return ['environment variable name must be non-empty']
  return /^[ -<>-~]+$/.test(name)
    ? []
    : ["a valid environment variable name must consist only of printable ASCII characters other than '='"]
}

const CONFIG_KEY = '[-._a-zA-Z0-9]+'
const configKeyPattern = matcher(CONFIG_KEY)

/** A key of a ConfigMap or Secret. */
export function isConfigMapKey(key: string): string[] {
  const faults: string[] = []
  if (key.length > 253) faults.push(maxLength(253))
  if (!configKeyPattern.test(key)) {
    const message = "a valid config key must consist of alphanumeric characters, '-', '_' or '.'"
    faults.push(regexError(message, CONFIG_KEY, 'key.name', 'KEY_NAME', 'key-name'))
  }
  if (key === '.') faults.push("must not be '.'")
  if (key === '..') faults.push("must not be '..'")
  else if (key.startsWith('..')) faults.push("must not start with '..'")
  return faults
}

const WILDCARD = `\\*\\.${SUBDOMAIN}`
const wildcardPattern = matcher(WILDCARD)
const wildcardText = regexError(
  "a wildcard DNS-1123 subdomain must start with '*.', followed by a valid DNS subdomain, which must consist of lower case alphanumeric characters, '-' or '.' and end with an alphanumeric character",
  WILDCARD,
  '*.example.com',
)

/** `*.` and a subdomain: hosts of Ingresses. */
export const isWildcardSubdomain = (value: string): string[] =>
  check(value, 253, wildcardPattern, wildcardText)

const LABEL_UNDERSCORE = '_?[a-z0-9]([-_a-z0-9]*[a-z0-9])?'
const SUBDOMAIN_UNDERSCORE = `${LABEL_UNDERSCORE}(\\.${LABEL_UNDERSCORE})*`
const underscorePattern = matcher(SUBDOMAIN_UNDERSCORE)
const underscoreText = regexError(
  "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '_', '-' or '.', and must start and end with an alphanumeric character",
  SUBDOMAIN_UNDERSCORE,
  'example.com',
)

/** A subdomain that may hold underscores: search paths of DNS. */
export const isSubdomainWithUnderscore = (value: string): string[] =>
  check(value, 253, underscorePattern, underscoreText)

const PERCENT = '[0-9]+%'
const percentPattern = matcher(PERCENT)
const percentText = regexError(
  "a valid percent string must be a numeric string followed by an ending '%'",
  PERCENT,
  '1%',
  '93%',
)

/** `25%`. */
export const isPercent = (value: string): string[] => (percentPattern.test(value) ? [] : [percentText])

const HEADER = '[-A-Za-z0-9]+'
const headerPattern = matcher(HEADER)
const headerText = regexError(
  "a valid HTTP header must consist of alphanumeric characters or '-'",
  HEADER,
  'X-Header-Name',
)

/** The name of an HTTP header. */
export const isHttpHeaderName = (value: string): string[] => (headerPattern.test(value) ? [] : [headerText])

const HTTP_PATH = "[A-Za-z0-9/\\-._~%!$&'()*+,;=:]+"
const httpPathPattern = matcher(HTTP_PATH)

/** The part of `example.com/path` after the domain. */
export const isHttpPath = (value: string): string[] =>
  httpPathPattern.test(value) ? [] : [`Invalid path (regex used for validation is '${HTTP_PATH}')`]

/** A user or group id of Unix. */
export const isUnixId = (value: number): string[] =>
  value >= 0 && value <= 2_147_483_647 ? [] : ['must be between 0 and 2147483647, inclusive']
