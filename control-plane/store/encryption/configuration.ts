import { createHash } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { parse } from 'yaml'
import { type DeclaredKeys, type DeclaredProvider, decodeConfiguration } from './decode.ts'
import type { Key } from './transformers.ts'
import { validateRules } from './validation.ts'

/** An EncryptionConfiguration: how which types are encrypted. */
export interface EncryptionConfiguration {
  rules: EncryptionRule[]
  /** Names the content of the file, as upstream's metrics do. */
  hash: string
}

/** How some types are encrypted: the first provider writes, all of them read. */
export interface EncryptionRule {
  /** `secrets`, `deployments.apps`, `*.apps`, `*.` (the core group) or `*.*`. */
  resources: string[]
  providers: Provider[]
}

export type Provider =
  | { type: 'aesgcm' | 'aescbc' | 'secretbox'; keys: Key[] }
  | { type: 'identity' }
  | KmsProviderConfig

/** A key management service (KMS v2) behind a unix socket. */
export interface KmsProviderConfig {
  type: 'kms'
  name: string
  /** `unix:///path` or `unix:@name` (abstract). */
  endpoint: string
  /** Of one call, in milliseconds. */
  timeout: number
}

/** An EncryptionConfiguration that cannot be used. The message names the file and the field, never a secret. */
export class EncryptionConfigError extends Error {
  readonly code = 'ENCRYPTION_CONFIG_INVALID'

  constructor(file: string, fault: string, options?: ErrorOptions) {
    super(`${file}: ${fault}`, options)
    this.name = 'EncryptionConfigError'
  }
}

/** Reads a file in the format of kube-apiserver's `--encryption-provider-config`. Throws {@link EncryptionConfigError}. */
export async function readEncryptionConfig(file: string): Promise<EncryptionConfiguration> {
  const text = await readConfigText(file)
  const faults: string[] = []
  const declared = decodeConfiguration(parsed(file, text), faults)
  if (faults.length === 0) faults.push(...validateRules(declared))
  if (faults.length > 0) throw new EncryptionConfigError(file, aggregate(faults))
  const rules = declared.map(({ resources, providers }) => ({
    resources,
    providers: providers.map(providerOf),
  }))
  return { rules, hash: hashOf(text) }
}

function providerOf({ kms, aesgcm, aescbc, secretbox }: DeclaredProvider): Provider {
  if (kms) return { type: 'kms', name: kms.name, endpoint: kms.endpoint, timeout: kms.timeout }
  if (aesgcm) return { type: 'aesgcm', keys: keysOf(aesgcm) }
  if (aescbc) return { type: 'aescbc', keys: keysOf(aescbc) }
  if (secretbox) return { type: 'secretbox', keys: keysOf(secretbox) }
  return { type: 'identity' }
}

function keysOf({ keys }: DeclaredKeys): Key[] {
  return keys.map(({ name, secret }) => ({ name, secret: Buffer.from(secret, 'base64') }))
}

/** Names the content of a configuration file without looking into it. Throws {@link EncryptionConfigError}. */
export async function encryptionConfigHash(file: string): Promise<string> {
  return hashOf(await readConfigText(file))
}

const hashOf = (text: string): string =>
  `k8s:encryption:unstable:1:${createHash('sha256').update(text).digest('hex')}`

async function readConfigText(file: string): Promise<string> {
  const text = await readFile(file, 'utf8').catch(cause => {
    throw new EncryptionConfigError(file, cause.message, { cause })
  })
  if (text === '')
    throw new EncryptionConfigError(file, 'the encryption provider configuration file is empty')
  return text
}

function parsed(file: string, text: string): unknown {
  try {
    return parse(text)
  } catch (cause) {
    throw new EncryptionConfigError(file, (cause as Error).message, { cause })
  }
}

/** Several faults as upstream prints them. */
function aggregate(faults: string[]): string {
  const different = [...new Set(faults)]
  return different.length === 1 ? different[0]! : `[${different.join(', ')}]`
}
