import { readFile } from 'node:fs/promises'
import { dirname, join, resolve } from 'node:path'
import { Registry } from 'prom-client'
import { parse } from 'yaml'
import type { HealthCheck } from '../../control-plane/apiserver/discovery/health.ts'
import { checkRestored } from '../../control-plane/store/backup/restore.ts'
import { createPluginHost } from '../../plugins/host/host.ts'
import type { BuiltinPlugins, PluginReference } from '../../plugins/host/load.ts'
import type { Logger } from '../../plugins/plugin.ts'
import type { StorePlugin } from '../../plugins/store.ts'
import { UserError } from '../failure.ts'

/** The stores there are; a third party's is named by a file (`--store-plugin`). */
const BUILTIN_STORES: BuiltinPlugins = {
  store: { redis: () => import('../../control-plane/store/plugin.ts') },
}

export interface StoreOptions {
  data: string
  /** Store URL of the built-in store. */
  store?: string
  /** A file that names another store: `name`, `source`, `config`. */
  storePlugin?: string
  encryptionProviderConfig?: string
  encryptionProviderConfigAutomaticReload?: boolean
}

/** A store, and what it adds to its server. */
export interface ServerStore {
  store: StorePlugin
  checks: HealthCheck[]
  registry: Registry
}

/** Opens the store that the options name, over encryption if that is configured. Closed when the signal aborts. */
export async function openServerStore(
  options: StoreOptions,
  log: Logger,
  signal: AbortSignal,
): Promise<ServerStore> {
  const store = await openPlainStore(options, log, signal)
  const registry = new Registry()
  const { encryptionProviderConfig: file, encryptionProviderConfigAutomaticReload: reload = false } = options
  if (!file) return { store, checks: [], registry }
  const { encryptingStore } = await import('../../control-plane/store/encryption/encrypting-store.ts')
  const { EncryptionMetrics } = await import('../../control-plane/store/encryption/metrics.ts')
  const { FileEncryption } = await import('../../control-plane/store/encryption/reload.ts')
  const metrics = new EncryptionMetrics(registry)
  const encryption = await FileEncryption.open({ file, reload, metrics, log })
  signal.addEventListener('abort', () => encryption.close(), { once: true })
  const check = { name: 'kms-providers', check: () => encryption.check() }
  const checks = encryption.hasHealth ? [check] : []
  return { store: encryptingStore(store, encryption, metrics), checks, registry }
}

async function openPlainStore(options: StoreOptions, log: Logger, signal: AbortSignal): Promise<StorePlugin> {
  const { storePlugin } = options
  const reference = storePlugin
    ? await readStorePlugin(storePlugin)
    : { name: 'redis', config: { url: options.store } }
  const host = createPluginHost({
    builtins: BUILTIN_STORES,
    baseDir: storePlugin ? dirname(resolve(storePlugin)) : options.data,
    dataDir: join(options.data, 'plugins'),
    log,
    signal,
  })
  // Every request is a call to the store: it runs in this process.
  const store = await host.start('store', { ...reference, isolation: 'none' })
  await checkRestored(store)
  return store
}

/** Checks all that names the store before anything is started. */
export async function checkStoreOptions(options: StoreOptions): Promise<void> {
  const { store, storePlugin, encryptionProviderConfig } = options
  if (store && storePlugin) {
    throw new UserError(`--store ${store} and --store-plugin ${storePlugin}: expected one of them`)
  }
  if (store) {
    const { storeTarget } = await import('../../control-plane/store/store-url.ts')
    told('--store', () => storeTarget(store))
  }
  if (storePlugin) await readStorePlugin(storePlugin)
  if (options.encryptionProviderConfigAutomaticReload && !encryptionProviderConfig) {
    throw new UserError(
      '--encryption-provider-config-automatic-reload needs --encryption-provider-config, the file to reload',
    )
  }
  if (encryptionProviderConfig) {
    const { readEncryptionConfig } = await import('../../control-plane/store/encryption/configuration.ts')
    await readEncryptionConfig(encryptionProviderConfig).catch(cause => {
      throw new UserError(`--encryption-provider-config ${cause.message}`, undefined, { cause })
    })
  }
}

async function readStorePlugin(file: string): Promise<PluginReference> {
  const content = await readFile(file, 'utf8').catch(cause => {
    throw new UserError(`--store-plugin ${cause.message}`, undefined, { cause })
  })
  const reference = told(`--store-plugin ${file}`, () => parse(content)) as PluginReference | null
  if (typeof reference?.name !== 'string' || typeof reference.source !== 'string') {
    throw new UserError(
      `--store-plugin ${file}: expected "name" and "source" (a file or package) and perhaps "config"`,
    )
  }
  return reference
}

/** Runs a check; an error of it names the option. */
function told<T>(option: string, check: () => T): T {
  try {
    return check()
  } catch (cause) {
    throw new UserError(`${option}: ${(cause as Error).message}`, undefined, { cause })
  }
}
