import { readFile } from 'node:fs/promises'
import { parse } from 'yaml'
import { aescbc, aesgcm, identity, type Key, type Transformer } from './transformers.ts'

/** How some types are encrypted: the first transformer writes, all of them read. */
export interface EncryptionRule {
  /** `secrets`, `deployments.apps`, `*.apps`, `*.` (the core group) or `*.*`. */
  resources: string[]
  transformers: Transformer[]
}

/** An EncryptionConfiguration that cannot be used. The message names the file and the field, never a secret. */
export class EncryptionConfigError extends Error {
  readonly code = 'ENCRYPTION_CONFIG_INVALID'

  constructor(file: string, fault: string, options?: ErrorOptions) {
    super(`${file}: ${fault}`, options)
    this.name = 'EncryptionConfigError'
  }
}

type Fail = (field: string, detail: string) => never
type Fields = Record<string, unknown>

const API_VERSION = 'apiserver.config.k8s.io/v1'
const KIND = 'EncryptionConfiguration'
const KEY_SIZES = [16, 24, 32]
const PROVIDERS: Record<string, (key: Key) => Transformer> = { aesgcm, aescbc }
const UNSUPPORTED = ['secretbox', 'kms']

/** Reads a file in the format of kube-apiserver's `--encryption-provider-config`. Throws {@link EncryptionConfigError}. */
export async function readEncryptionConfig(file: string): Promise<EncryptionRule[]> {
  let content: unknown
  try {
    content = parse(await readFile(file, 'utf8'))
  } catch (cause) {
    throw new EncryptionConfigError(file, (cause as Error).message, { cause })
  }
  return encryptionRules(content, (field, detail) => {
    throw new EncryptionConfigError(file, `${field}: ${detail}`)
  })
}

function encryptionRules(content: unknown, fail: Fail): EncryptionRule[] {
  const { apiVersion, kind, resources } = asFields(content, 'EncryptionConfiguration', fail)
  if (apiVersion !== API_VERSION)
    fail('apiVersion', `${JSON.stringify(apiVersion)}: expected "${API_VERSION}"`)
  if (kind !== KIND) fail('kind', `${JSON.stringify(kind)}: expected "${KIND}"`)
  return asList(resources, 'resources', 'resource', fail).map((rule, index) => {
    const path = `resources[${index}]`
    const fields = asFields(rule, path, fail)
    return {
      resources: resourceNames(fields.resources, `${path}.resources`, fail),
      transformers: asList(fields.providers, `${path}.providers`, 'provider', fail).flatMap((provider, at) =>
        transformersOf(provider, `${path}.providers[${at}]`, fail),
      ),
    }
  })
}

function resourceNames(value: unknown, path: string, fail: Fail): string[] {
  const names = asList(value, path, 'resource', fail).map((name, index) => {
    if (typeof name !== 'string' || name === '')
      return fail(`${path}[${index}]`, 'expected the name of a resource')
    if (name === '*') {
      fail(
        `${path}[${index}]`,
        "use '*.' to encrypt all the resources from core API group or *.* to encrypt all resources",
      )
    }
    if (name !== name.toLowerCase())
      fail(`${path}[${index}]`, 'resource name should not contain capital letters')
    return name
  })
  if (new Set(names).size < names.length) fail(path, 'the same resource cannot be specified multiple times')
  const masked = names.find(name => names.some(other => other !== name && matches(other, name)))
  if (masked) {
    const all = names.find(other => other !== masked && matches(other, masked))
    fail(
      path,
      `using overlapping resources such as '${masked}' and '${all}' in the same resource list is not allowed as they will be masked`,
    )
  }
  return names
}

function transformersOf(provider: unknown, path: string, fail: Fail): Transformer[] {
  const fields = asFields(provider, path, fail)
  const [name, ...others] = Object.keys(fields)
  if (others.length > 0) {
    fail(
      path,
      'more than one provider specified in a single element, should split into different list elements',
    )
  }
  if (name === 'identity') return [identity]
  const make = name === undefined ? undefined : PROVIDERS[name]
  if (make) return keysOf(fields[name!], `${path}.${name}.keys`, fail).map(make)
  if (name !== undefined && UNSUPPORTED.includes(name)) fail(path, `${name} is not supported, use aesgcm`)
  return fail(path, 'provider does not contain any of the expected providers: aesgcm, aescbc, identity')
}

function keysOf(provider: unknown, path: string, fail: Fail): Key[] {
  const keys = asList(asFields(provider, path, fail).keys, path, 'key', fail).map((value, index) => {
    const { name, secret } = asFields(value, `${path}[${index}]`, fail)
    if (typeof name !== 'string' || !/^[^:"\\\s]+$/.test(name)) {
      return fail(
        `${path}[${index}].name`,
        `${JSON.stringify(name)}: expected a name without : " \\ and spaces`,
      )
    }
    return { name, secret: secretOf(secret, `${path}[${index}].secret`, fail) }
  })
  const names = keys.map(key => key.name)
  const double = names.find((name, index) => names.indexOf(name) !== index)
  if (double) fail(path, `two keys are named "${double}"`)
  return keys
}

function secretOf(value: unknown, path: string, fail: Fail): Buffer {
  if (typeof value !== 'string' || value === '') return fail(path, 'secret is a mandatory field for a key')
  if (!/^[A-Za-z0-9+/]+={0,2}$/.test(value) || value.length % 4 !== 0)
    fail(path, 'secrets must be base64 encoded')
  const secret = Buffer.from(value, 'base64')
  if (!KEY_SIZES.includes(secret.length)) {
    const sizes = KEY_SIZES.join(' ')
    fail(path, `secret is not of the expected length, got ${secret.length}, expected one of [${sizes}]`)
  }
  return secret
}

/** The rule for a type of the store (`secrets`, `deployments.apps`): the first that names it. */
export function ruleFor(rules: readonly EncryptionRule[], type: string): EncryptionRule | undefined {
  return rules.find(({ resources }) => resources.some(resource => matches(resource, type)))
}

function matches(resource: string, type: string): boolean {
  if (resource === '*.*') return true
  if (!resource.startsWith('*.')) return resource === type
  const dot = type.indexOf('.')
  return resource.slice(2) === (dot < 0 ? '' : type.slice(dot + 1))
}

function asFields(value: unknown, path: string, fail: Fail): Fields {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Fields
  return fail(path, `expected an object, got ${value === null ? 'null' : typeof value}`)
}

function asList(value: unknown, path: string, what: string, fail: Fail): unknown[] {
  if (Array.isArray(value) && value.length > 0) return value
  return fail(path, `at least one ${what} is required`)
}
