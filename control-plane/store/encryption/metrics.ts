import { createHash } from 'node:crypto'
import { hostname } from 'node:os'
import type { Registry } from 'prom-client'
import { CounterTable, HistogramTable, type Labels, register } from '../../apiserver/metrics/tables.ts'

/** 0.1 ms to 52 s. */
const KMS_BUCKETS = Array.from({ length: 20 }, (_, i) => 0.0001 * 2 ** i)
/** 5 µs to 10 ms. */
const TRANSFORM_BUCKETS = Array.from({ length: 25 }, (_, i) => 5e-6 * 2 ** i)
/** Names of keys that are kept: each rotation brings a new one. */
const KEYS_KEPT = 10
const RELOAD = 'apiserver_encryption_config_controller'
const ENVELOPE = 'apiserver_envelope_encryption'
const STORAGE = 'apiserver_storage'

export type Direction = 'from_storage' | 'to_storage'

/** What encryption at rest counts, under upstream's names. */
export class EncryptionMetrics {
  #registry: Registry
  #transformations: CounterTable
  #durations: HistogramTable
  #reloads: CounterTable | undefined
  #reloaded = new Map<string, number>()
  #hash = ''
  #kms: KmsMetrics | undefined
  readonly #server = { apiserver_id_hash: `sha256:${createHash('sha256').update(hostname()).digest('hex')}` }

  constructor(registry: Registry) {
    this.#registry = registry
    this.#transformations = new CounterTable(
      registry,
      `${STORAGE}_transformation_operations_total`,
      'Values encrypted and decrypted, by type, direction, prefix and outcome',
    )
    this.#durations = new HistogramTable(
      registry,
      `${STORAGE}_transformation_duration_seconds`,
      'Time to encrypt or decrypt a value',
      TRANSFORM_BUCKETS,
    )
  }

  /** `prefix` is empty for what is not encrypted. */
  transformed(direction: Direction, resource: string, prefix: string, isOk: boolean, seconds: number): void {
    const id = `${direction} ${resource} ${prefix} ${isOk}`
    const transformation = { transformation_type: direction, transformer_prefix: prefix || 'identity' }
    const labels = () => ({ resource, ...transformation, status: isOk ? 'OK' : 'Unknown' })
    this.#transformations.add(id, labels)
    if (isOk) this.#durations.observe(`${direction} ${prefix}`, () => transformation, seconds)
  }

  /** The configuration that is in force. */
  loaded(hash: string): void {
    if (!this.#hash) {
      register(
        this.#registry,
        `${RELOAD}_last_config_info`,
        'gauge',
        'Configuration that is in force',
        () => [{ labels: { ...this.#server, hash: this.#hash }, value: 1 }],
      )
    }
    this.#hash = hash
  }

  reloaded(status: 'success' | 'failure'): void {
    if (!this.#reloads) {
      const help = 'Configurations taken over while running'
      this.#reloads = new CounterTable(this.#registry, `${RELOAD}_automatic_reloads_total`, help)
      const name = `${RELOAD}_automatic_reload_last_timestamp_seconds`
      register(this.#registry, name, 'gauge', 'When a configuration was last taken over, or refused', () =>
        this.#reloaded.entries().map(([status, value]) => ({ labels: { ...this.#server, status }, value })),
      )
    }
    this.#reloads.add(status, () => ({ ...this.#server, status }))
    this.#reloaded.set(status, Date.now() / 1_000)
  }

  called(provider: string, method: string, code: string, seconds: number): void {
    const labels = () => ({ provider_name: provider, method_name: method, grpc_status_code: code })
    this.#ofKms().latencies.observe(`${provider} ${method} ${code}`, labels, seconds)
  }

  keyUsed(direction: Direction, provider: string, hash: string): void {
    const labels = {
      ...this.#server,
      transformation_type: direction,
      provider_name: provider,
      key_id_hash: hash,
    }
    this.#ofKms().used.add(`${direction} ${provider} ${hash}`, labels)
  }

  statusKeyId(provider: string, hash: string): void {
    const labels = { ...this.#server, provider_name: provider, key_id_hash: hash }
    this.#ofKms().named.add(`${provider} ${hash}`, labels)
  }

  invalidKeyId(provider: string, error: string): void {
    this.#ofKms().invalid.add(`${provider} ${error}`, () => ({ provider_name: provider, error }))
  }

  seedMissed(): void {
    this.#ofKms().missed.add('', () => ({}))
  }

  #ofKms(): KmsMetrics {
    this.#kms ??= kmsMetrics(this.#registry)
    return this.#kms
  }
}

/** Registered when a KMS is used. */
type KmsMetrics = ReturnType<typeof kmsMetrics>

function kmsMetrics(registry: Registry) {
  const used = new KeyTable()
  const named = new KeyTable()
  const [count, last, status] = [
    'key_id_hash_total',
    'key_id_hash_last_timestamp_seconds',
    'key_id_hash_status_last_timestamp_seconds',
  ]
  register(registry, `${ENVELOPE}_${count}`, 'counter', 'Uses of a key', () => used.values('count'))
  register(registry, `${ENVELOPE}_${last}`, 'gauge', 'When a key was last used', () => used.values('at'))
  register(registry, `${ENVELOPE}_${status}`, 'gauge', 'When a KMS last named a key', () =>
    named.values('at'),
  )
  const latency = 'Time of calls to a KMS, by method and gRPC code'
  const invalid = 'Names of keys from a KMS that cannot be used'
  const missed = 'Keys a KMS was asked to decrypt'
  return {
    used,
    named,
    latencies: new HistogramTable(
      registry,
      `${ENVELOPE}_kms_operations_latency_seconds`,
      latency,
      KMS_BUCKETS,
    ),
    invalid: new CounterTable(registry, `${ENVELOPE}_invalid_key_id_from_status_total`, invalid),
    missed: new CounterTable(registry, `${STORAGE}_envelope_transformation_cache_misses_total`, missed),
  }
}

/** Uses of the latest keys. */
class KeyTable {
  #series = new Map<string, { labels: Labels; count: number; at: number }>()

  add(id: string, labels: Labels): void {
    const known = this.#series.get(id) ?? { labels, count: 0, at: 0 }
    this.#series.delete(id)
    this.#series.set(id, known)
    known.count++
    known.at = Date.now() / 1_000
    if (this.#series.size > KEYS_KEPT) this.#series.delete(this.#series.keys().next().value!)
  }

  values(what: 'count' | 'at'): object[] {
    return [...this.#series.values()].map(({ labels, [what]: value }) => ({ labels, value }))
  }
}
