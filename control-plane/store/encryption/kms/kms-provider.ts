import { createHmac, randomBytes, randomUUID } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Logger } from '../../../../plugins/plugin.ts'
import type { KmsProviderConfig } from '../configuration.ts'
import type { EncryptionMetrics } from '../metrics.ts'
import { ENCRYPTED, openGcm, sealGcm, type Transformer } from '../transformers.ts'
import {
  checkSource,
  decodeObject,
  encodeObject,
  hashOf,
  type KeySource,
  keyIdFault,
  sourceId,
} from './encrypted-object.ts'
import { type EncryptedObject, SOURCE, type StatusResponse } from './messages.ts'
import { SeedCache } from './seed-cache.ts'
import { KmsService } from './service.ts'

/** When the service is asked, and how long what it said holds. Milliseconds; upstream's values by default. */
export interface KmsTimes {
  /** Between two looks at a service that is well, and at one that is not. */
  well: number
  unwell: number
  /** Keys are written with for so long after the service last said that they are current. */
  write: number
  /** A health check has the last look's answer for so long. */
  answerWell: number
  answerUnwell: number
  /** The first look is waited for so long at the start. */
  start: number
}

export const KMS_TIMES: KmsTimes = {
  well: 60_000,
  unwell: 10_000,
  write: 180_000,
  answerWell: 20_000,
  answerUnwell: 3_000,
  start: 10_000,
}

const SEED = 32
const INFO = 32
const FIRST_PAUSE = 100

/** A stored value, and what its seed is known by. */
interface Read {
  object: EncryptedObject
  id: string
}

/** What is written with now. */
interface Writer {
  source: KeySource
  /** Of the key's name. */
  hash: string
  seed: Buffer
  expires: number
}

/**
 * Values under keys of a key management service: the service encrypts a seed, of which a key is made for each value. The
 * seed is kept and used for as long as the service names the same key; when it names another one, a new seed is made.
 */
export class KmsProvider {
  readonly transformer: Transformer
  #name: string
  #service: KmsService
  #times: KmsTimes
  #metrics: EncryptionMetrics
  #log: Logger
  #writer: Writer | undefined
  #seeds = new SeedCache()
  /** Values between their preparation and their decryption. */
  #values = new WeakMap<Buffer, Read>()
  #loading = new Map<string, Promise<void>>()
  #version = ''
  #looking: Promise<void> | undefined
  #last: { error: Error | undefined; at: number } | undefined
  #closing = new AbortController()

  constructor(
    config: KmsProviderConfig,
    metrics: EncryptionMetrics,
    log: Logger,
    times: KmsTimes = KMS_TIMES,
  ) {
    const { name, endpoint, timeout } = config
    this.#name = name
    this.#times = times
    this.#metrics = metrics
    this.#log = log
    this.#service = new KmsService(endpoint, timeout, (method, seconds, code) =>
      metrics.called(name, method, code, seconds),
    )
    this.transformer = {
      prefix: `${ENCRYPTED}kms:v2:${name}:`,
      encrypt: (plain, context) => this.#encrypt(plain, context),
      decrypt: (hidden, context) => this.#decrypt(hidden, context),
      prepare: hidden => this.#prepare(hidden),
      isStale: hidden => this.#isStale(hidden),
    }
  }

  /** Begins to look after the service; resolves when it was well for the first time, or when that takes too long. */
  async start(): Promise<void> {
    const end = Date.now() + this.#times.start
    const first = (async () => {
      for (
        let pause = FIRST_PAUSE;
        !this.#closing.signal.aborted;
        pause = Math.min(pause * 2, this.#times.unwell)
      ) {
        if (
          await this.#look().then(
            () => true,
            () => false,
          )
        )
          break
        await this.#pause(pause)
      }
      void this.#lookAfter()
    })()
    await Promise.race([first, this.#pause(end - Date.now())])
    if (!this.#writer)
      this.#log.warn({ provider: this.#name, error: this.#last?.error?.message }, 'KMS is not well')
  }

  /** Rejects with what is wrong with the service. */
  async check(): Promise<void> {
    const last = this.#last
    const valid = last?.error ? this.#times.answerUnwell : this.#times.answerWell
    if (last && Date.now() - last.at < valid) {
      if (last.error) throw last.error
      return
    }
    await this.#look()
  }

  close(): void {
    this.#closing.abort()
    this.#service.close()
  }

  async #lookAfter(): Promise<void> {
    const { signal } = this.#closing
    while (!signal.aborted) {
      await this.#pause(this.#last?.error ? this.#times.unwell : this.#times.well)
      if (!signal.aborted) await this.#look().catch(() => {})
    }
  }

  async #pause(milliseconds: number): Promise<void> {
    await sleep(Math.max(milliseconds, 0), undefined, { signal: this.#closing.signal, ref: false }).catch(
      () => {},
    )
  }

  /** Looks once, however many ask. */
  #look(): Promise<void> {
    this.#looking ??= this.#ask()
      .then(
        () => this.#note(undefined),
        error => this.#note(error as Error),
      )
      .finally(() => {
        this.#looking = undefined
      })
    return this.#looking
  }

  #note(error: Error | undefined): void {
    if (error && !this.#last?.error && !this.#closing.signal.aborted)
      this.#log.warn({ error: error.message }, 'a KMS is not well')
    this.#last = { error, at: Date.now() }
    if (error) throw error
  }

  async #ask(): Promise<void> {
    const status = await this.#service.status().catch(cause => {
      const place = `failed to perform status section of the healthz check for KMS Provider ${this.#name}`
      throw new Error(`${place}, error: ${cause.message}`, { cause })
    })
    const faults = [...this.#faults(status)]
    const idFault = keyIdFault(status.keyId)
    if (idFault) {
      this.#metrics.invalidKeyId(this.#name, idFault.code)
      faults.push(`got invalid KMSv2 KeyID hash "${hashOf(status.keyId)}": ${idFault.message}`)
    } else {
      this.#metrics.statusKeyId(this.#name, hashOf(status.keyId))
      await this.#rotate(status.keyId).catch(error => faults.push((error as Error).message))
    }
    if (faults.length === 0) return
    const detail = faults.length === 1 ? faults[0] : `[${faults.join(', ')}]`
    throw new Error(`kmsv2 Provider ${this.#name} is not healthy, error: ${detail}`)
  }

  *#faults({ healthz, version }: StatusResponse): Generator<string> {
    if (healthz !== 'ok') yield `got unexpected healthz status: ${healthz}`
    if (version !== 'v2' && version !== 'v2beta1') {
      yield `expected KMSv2 API version v2, got ${version}`
      return
    }
    this.#version ||= version
    if (this.#version !== version)
      yield `KMSv2 API version should not change after the initial status response version ${this.#version}, got ${version}`
  }

  /** Goes on with the seed while its key is current, else makes a new one. */
  async #rotate(keyID: string): Promise<void> {
    const writer = this.#writer
    // From before the call: what it says may be old when it comes.
    const expires = Date.now() + this.#times.write
    if (writer?.source.keyID === keyID) {
      writer.expires = expires
      return
    }
    const uid = randomUUID()
    let answered = ''
    try {
      const seed = randomBytes(SEED)
      const response = await this.#service.encrypt(seed, uid).catch(cause => {
        throw new Error(`failed to encrypt DEK, error: ${cause.message}`, { cause })
      })
      answered = response.keyId
      const source: KeySource = {
        keyID: response.keyId,
        encryptedDEKSource: response.ciphertext,
        annotations: response.annotations,
        encryptedDEKSourceType: SOURCE.seed,
      }
      checkSource(source)
      if (response.keyId !== keyID) throw new Error('<nil>')
      this.#writer = { source, hash: hashOf(source.keyID), seed, expires }
      this.#seeds.set(sourceId(source), seed)
    } catch (error) {
      throw new Error(
        `failed to rotate DEK uid="${uid}", errGen=${(error as Error).message}, statusKeyIDHash="${hashOf(keyID)}", encryptKeyIDHash="${hashOf(answered)}", stateKeyIDHash="${hashOf(writer?.source.keyID ?? '')}"`,
        { cause: error },
      )
    }
  }

  #encrypt(plain: Buffer, context: string): Buffer {
    const writer = this.#writer
    if (!writer) throw new Error(this.#last?.error?.message ?? 'got unexpected nil transformer')
    const { hash } = writer
    if (Date.now() > writer.expires) {
      throw new Error(
        `encryptedDEKSource with keyID hash "${hash}" expired at ${goTime(writer.expires)} (current time is ${goTime(Date.now())})`,
      )
    }
    this.#metrics.keyUsed('to_storage', this.#name, hash)
    const info = randomBytes(INFO)
    const sealed = sealGcm(derivedKey(writer.seed, info), plain, context)
    return encodeObject(writer.source, Buffer.concat([info, sealed]))
  }

  #decrypt(hidden: Buffer, context: string): Buffer {
    const { object, id } = this.#read(hidden)
    const seed = this.#seeds.get(id)
    if (!seed) throw new Error('the key of the value was not asked for')
    const hash = object.keyID === this.#writer?.source.keyID ? this.#writer.hash : hashOf(object.keyID)
    this.#metrics.keyUsed('from_storage', this.#name, hash)
    const data = Buffer.from(object.encryptedData)
    if (object.encryptedDEKSourceType === SOURCE.key) return openGcm(seed, data, context)
    if (data.length < INFO) throw new Error('the stored data was shorter than the required size')
    return openGcm(derivedKey(seed, data.subarray(0, INFO)), data.subarray(INFO), context)
  }

  #read(hidden: Buffer): Read {
    let value = this.#values.get(hidden)
    if (!value) {
      const object = decodeObject(hidden)
      value = { object, id: sourceId(object) }
      this.#values.set(hidden, value)
    }
    return value
  }

  #isStale(hidden: Buffer): boolean {
    const { keyID, encryptedDEKSourceType } = this.#read(hidden).object
    const current = this.#writer?.source
    return keyID !== current?.keyID || encryptedDEKSourceType !== current.encryptedDEKSourceType
  }

  /** Asks the service for a seed that is not here; for each only once, however many values wait for it. */
  #prepare(hidden: Buffer): Promise<void> | undefined {
    let value: Read
    try {
      value = this.#read(hidden)
    } catch {
      return undefined // decrypt() says what is wrong
    }
    const { object, id } = value
    if (this.#seeds.has(id)) return undefined
    let loading = this.#loading.get(id)
    if (!loading) {
      loading = this.#load(id, object).finally(() => this.#loading.delete(id))
      this.#loading.set(id, loading)
    }
    return loading
  }

  async #load(
    id: string,
    { keyID: keyId, encryptedDEKSource: ciphertext, annotations }: KeySource,
  ): Promise<void> {
    this.#metrics.seedMissed()
    const { plaintext } = await this.#service.decrypt({ ciphertext, keyId, annotations }).catch(cause => {
      throw new Error(`failed to decrypt DEK, error: ${cause.message}`, { cause })
    })
    this.#seeds.set(id, Buffer.from(plaintext))
  }
}

/** HKDF-SHA256 without its first step, as the seed is random: one block, 32 bytes. Throws when the seed is too short. */
export function derivedKey(seed: Buffer, info: Buffer): Buffer {
  if (seed.length < SEED) throw new Error(`invalid seed length ${seed.length} used for key generation`)
  return createHmac('sha256', seed)
    .update(info)
    .update(Buffer.from([1]))
    .digest()
}

const goTime = (time: number): string => new Date(time).toISOString().replace(/\.\d+Z$/, 'Z')
