import type { DeclaredKey, DeclaredKms, DeclaredProvider, DeclaredRule } from './decode.ts'
import { exactName, groupResource } from './resources.ts'

const AES_SIZES = [16, 24, 32]
const SECRETBOX_SIZES = [32]
const KMS_V1 =
  'KMSv1 is deprecated and will only receive security updates going forward. Use KMSv2 instead.  Set --feature-gates=KMSv1=true to use the deprecated KMSv1 feature.'
/** What upstream keeps in etcd without an API of its own. */
const NO_API = ['apiserveripinfo', 'serviceipallocations', 'servicenodeportallocations']

/** What is wrong with a configuration, in upstream's words. */
export function validateRules(rules: readonly DeclaredRule[]): string[] {
  if (rules.length === 0) return [required('resources', 'at least one resources is required')]
  const kmsNames = new Set<string>()
  const faults = rules.flatMap((rule, index) => validateRule(rule, `resources[${index}]`, kmsNames))
  return faults.length > 0 ? faults : maskedResources(rules)
}

function validateRule({ resources, providers }: DeclaredRule, path: string, kmsNames: Set<string>): string[] {
  const [names, list] = [`${path}.resources`, `${path}.providers`]
  return [
    ...(resources.length === 0 ? [required(names, `at least one ${names} is required`)] : []),
    ...validateOverlap(resources, names),
    ...resources.flatMap((resource, index) => validateName(resource, `${names}[${index}]`)),
    ...(providers.length === 0 ? [required(list, `at least one ${list} is required`)] : []),
    ...providers.flatMap((provider, index) => validateProvider(provider, `${list}[${index}]`, kmsNames)),
  ]
}

function validateOverlap(resources: string[], path: string): string[] {
  const parsed = resources.map(groupResource)
  const pairs = parsed.flatMap((a, i) => parsed.flatMap((b, j) => (i === j ? [] : [[a, b] as const])))
  const same = pairs.some(([a, b]) => a.group === b.group && a.resource === b.resource)
  const masked = pairs.some(([a, b]) => {
    if (a.group === b.group && a.resource === b.resource) return false
    return (a.group === '*' && a.resource === '*') || (a.group === b.group && a.resource === '*')
  })
  return [
    ...(same ? [invalid(path, resources, 'the same resource cannot be specified multiple times')] : []),
    ...(masked
      ? [
          invalid(
            path,
            resources,
            "using overlapping resources such as 'secrets' and '*.' in the same resource list is not allowed as they will be masked",
          ),
        ]
      : []),
  ]
}

function validateName(name: string, path: string): string[] {
  const fault = faultOfName(name)
  return fault ? [invalid(path, name, fault)] : []
}

function faultOfName(name: string): string | undefined {
  const { group, resource } = groupResource(name)
  if (name !== name.toLowerCase()) return 'resource name should not contain capital letters'
  if (name === '*')
    return "use '*.' to encrypt all the resources from core API group or *.* to encrypt all resources"
  if (NO_API.includes(name)) return 'resources which do not have REST API/s cannot be encrypted'
  if (group === 'events.k8s.io')
    return "'*.events.k8s.io' objects are stored using the 'events' API group in etcd. Use 'events' instead in the config file"
  if (group === 'extensions') return "'extensions' group has been removed and cannot be used for encryption"
  if (group === '*' && resource !== '*') return 'encrypting the same resource across groups is not supported'
  return undefined
}

function validateProvider(provider: DeclaredProvider, path: string, kmsNames: Set<string>): string[] {
  const given = Object.keys(provider)
  if (given.length === 0)
    return [
      invalid(
        path,
        {},
        'provider does not contain any of the expected providers: KMS, AESGCM, AESCBC, Secretbox, Identity',
      ),
    ]
  if (given.length > 1)
    return [
      `${path}: Invalid value: ${given.join(', ')}: more than one provider specified in a single element, should split into different list elements`,
    ]
  const { kms, aesgcm, aescbc, secretbox } = provider
  if (kms) return validateKms(kms, `${path}.kms`, kmsNames)
  if (aesgcm) return validateKeys(aesgcm.keys, `${path}.aesgcm.keys`, AES_SIZES)
  if (aescbc) return validateKeys(aescbc.keys, `${path}.aescbc.keys`, AES_SIZES)
  if (secretbox) return validateKeys(secretbox.keys, `${path}.secretbox.keys`, SECRETBOX_SIZES)
  return []
}

function validateKeys(keys: DeclaredKey[], path: string, sizes: number[]): string[] {
  if (keys.length === 0) return [required(path, 'at least one keys is required')]
  return keys.flatMap((key, index) => validateKey(key, `${path}[${index}]`, sizes))
}

function validateKey({ name, secret }: DeclaredKey, path: string, sizes: number[]): string[] {
  const faults = name === '' ? [required(`${path}.name`, 'name is a mandatory field for a key')] : []
  // What stands before a value must end where the value begins, and be found in a document.
  if (/[:"\\\s]/.test(name)) faults.push(invalid(`${path}.name`, name, 'must not contain : " \\ or spaces'))
  const fault = faultOfSecret(secret, sizes)
  if (secret === '') return [...faults, required(`${path}.secret`, 'secret is a mandatory field for a key')]
  return fault ? [...faults, invalid(`${path}.secret`, 'REDACTED', fault)] : faults
}

function faultOfSecret(secret: string, sizes: number[]): string | undefined {
  if (!/^[A-Za-z0-9+/]+={0,2}$/.test(secret) || secret.length % 4 !== 0)
    return 'secrets must be base64 encoded'
  const { length } = Buffer.from(secret, 'base64')
  if (sizes.includes(length)) return undefined
  return `secret is not of the expected length, got ${length}, expected one of [${sizes.join(' ')}]`
}

function validateKms(kms: DeclaredKms, path: string, names: Set<string>): string[] {
  const { apiVersion, cachesize, timeout, timeoutText } = kms
  const faults = validateKmsName(kms, `${path}.name`, names)
  if (!(timeout > 0))
    faults.push(invalid(`${path}.timeout`, timeoutText, 'timeout should be a positive value'))
  faults.push(...validateEndpoint(kms.endpoint, `${path}.endpoint`))
  if (apiVersion !== 'v1' && cachesize !== undefined)
    faults.push(invalid(`${path}.cachesize`, cachesize, 'cachesize is not supported in v2'))
  if (apiVersion === 'v1') faults.push(KMS_V1)
  else if (apiVersion !== 'v2') {
    const fault = 'unsupported apiVersion apiVersion for KMS provider, only v1 and v2 are supported'
    faults.push(invalid(`${path}.apiVersion`, apiVersion, fault))
  }
  return faults
}

function validateKmsName({ name, apiVersion }: DeclaredKms, path: string, names: Set<string>): string[] {
  const faults: string[] = []
  if (name === '') faults.push(required(path, 'name is a mandatory field for a provider'))
  if (apiVersion !== 'v1' && name.includes(':'))
    faults.push(invalid(path, name, `invalid KMS provider name ${name}, must not contain ':'`))
  if (names.has(name))
    faults.push(invalid(path, name, `duplicate KMS provider name ${name}, names must be unique`))
  names.add(name)
  return faults
}

function validateEndpoint(endpoint: string, path: string): string[] {
  if (endpoint === '') return [invalid(path, '', 'endpoint is a mandatory field for a kms')]
  const scheme = /^([a-z][a-z0-9+.-]*):/i.exec(endpoint)?.[1] ?? ''
  if (scheme === 'unix') return []
  return [invalid(path, endpoint, `unsupported scheme "${scheme}" for KMS provider, only unix is supported`)]
}

/** A resource that an earlier rule's wildcard takes. (One that is named again has the providers of both rules.) */
function maskedResources(rules: readonly DeclaredRule[]): string[] {
  const earlier = new Set<string>()
  for (const name of rules.flatMap(({ resources }) => resources)) {
    const { group, resource } = groupResource(name)
    for (const mask of [`*.${group}`, '*.*']) {
      if (earlier.has(mask)) {
        const shown = resource === '*' && group === '' ? '*.' : name
        return [`resource "${shown}" is masked by earlier rule "${mask}"`]
      }
    }
    earlier.add(exactName(name))
  }
  return []
}

const required = (path: string, detail: string): string => `${path}: Required value: ${detail}`

const invalid = (path: string, value: unknown, detail: string): string =>
  `${path}: Invalid value: ${JSON.stringify(value)}: ${detail}`
