import type { Logger } from '../../../plugins/plugin.ts'
import type { EncryptionConfiguration, KmsProviderConfig, Provider } from './configuration.ts'
import type { KmsProvider, KmsTimes } from './kms/kms-provider.ts'
import type { EncryptionMetrics } from './metrics.ts'
import { exactName, namesOf } from './resources.ts'
import { aescbc, aesgcm, identity, secretbox, type Transformer } from './transformers.ts'

const MADE_OF_KEYS = { aesgcm, aescbc, secretbox }
const NOT_ENCRYPTED: readonly Transformer[] = [identity]

/** How each type is encrypted: the first transformer writes, all of them read. */
export interface Encryption {
  /** Changes with the configuration. */
  readonly generation?: object
  transformersOf(type: string): readonly Transformer[]
}

export interface EncryptionOptions {
  metrics: EncryptionMetrics
  log: Logger
  /** For tests. */
  kmsTimes?: KmsTimes
}

/** A configuration at work, with its connections to key management services. */
export class ConfiguredEncryption implements Encryption {
  readonly hash: string
  /** How long calls that began with it may still take, in milliseconds. */
  readonly grace: number
  readonly hasKms: boolean
  #transformers: Map<string, Transformer[]>
  #kms: KmsProvider[]

  private constructor(
    { hash, rules }: EncryptionConfiguration,
    transformers: Map<string, Transformer[]>,
    kms: KmsProvider[],
  ) {
    const timeouts = rules.flatMap(({ providers }) => providers.map(kmsTimeout))
    this.hash = hash
    this.grace = 2 * timeouts.reduce((sum, timeout) => sum + timeout, 0)
    this.hasKms = kms.length > 0
    this.#transformers = transformers
    this.#kms = kms
  }

  /** Resolves when its key management services answered, or had time enough to. */
  static async open(
    configuration: EncryptionConfiguration,
    options: EncryptionOptions,
  ): Promise<ConfiguredEncryption> {
    const transformers = new Map<string, Transformer[]>()
    const services: KmsProvider[] = []
    for (const { resources, providers } of configuration.rules) {
      const made = await Promise.all(providers.map(provider => open(provider, options, services)))
      for (const resource of resources) {
        const name = exactName(resource)
        transformers.set(name, [...(transformers.get(name) ?? []), ...made.flat()])
      }
    }
    await Promise.all(services.map(service => service.start()))
    return new ConfiguredEncryption(configuration, transformers, services)
  }

  transformersOf(type: string): readonly Transformer[] {
    for (const name of namesOf(type)) {
      const found = this.#transformers.get(name)
      if (found) return found
    }
    return NOT_ENCRYPTED
  }

  /** Rejects with what is wrong with key management services. */
  async check(): Promise<void> {
    const results = await Promise.allSettled(this.#kms.map(service => service.check()))
    const faults = results.flatMap(result => (result.status === 'rejected' ? [result.reason.message] : []))
    if (faults.length > 0) throw new Error(faults.length === 1 ? faults[0] : `[${faults.join(', ')}]`)
  }

  close(): void {
    for (const service of this.#kms) service.close()
  }
}

const kmsTimeout = (provider: Provider): number => (provider.type === 'kms' ? provider.timeout : 0)

async function open(
  provider: Provider,
  options: EncryptionOptions,
  services: KmsProvider[],
): Promise<Transformer[]> {
  if (provider.type === 'identity') return [identity]
  if (provider.type !== 'kms') return provider.keys.map(MADE_OF_KEYS[provider.type])
  const service = await openKms(provider, options)
  services.push(service)
  return [service.transformer]
}

async function openKms(
  config: KmsProviderConfig,
  { metrics, log, kmsTimes }: EncryptionOptions,
): Promise<KmsProvider> {
  // gRPC and protobuf are large; few servers have a KMS.
  const { KmsProvider } = await import('./kms/kms-provider.ts')
  return new KmsProvider(config, metrics, log, kmsTimes)
}
