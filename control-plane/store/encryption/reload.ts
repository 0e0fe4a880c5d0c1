import { setTimeout as sleep } from 'node:timers/promises'
import { encryptionConfigHash, readEncryptionConfig } from './configuration.ts'
import { ConfiguredEncryption, type Encryption, type EncryptionOptions } from './encryption.ts'
import type { Transformer } from './transformers.ts'

/** Between two looks at the file (upstream's). Milliseconds. */
const LOOK_INTERVAL = 60_000
/** After a configuration that could not be taken over. Milliseconds. */
const FIRST_RETRY = 1_000
/** New key management services have so long to become well, at least. Milliseconds. */
const LEAST_GRACE = 10_000
const HEALTH_INTERVAL = 100

export interface ReloadingOptions extends EncryptionOptions {
  file: string
  /** Take changes of the file over. */
  reload: boolean
  /** Between two looks, in milliseconds. */
  interval?: number
}

/**
 * The encryption that a file configures. Where it is told to, it looks at the file every minute and takes a changed one
 * over when all of it is well; until then the old one stays in force.
 */
export class FileEncryption implements Encryption {
  #options: ReloadingOptions
  #current: ConfiguredEncryption
  #closing = new AbortController()

  private constructor(options: ReloadingOptions, current: ConfiguredEncryption) {
    this.#options = options
    this.#current = current
  }

  /** Rejects with `EncryptionConfigError` when the file cannot be used. */
  static async open(options: ReloadingOptions): Promise<FileEncryption> {
    const current = await ConfiguredEncryption.open(await readEncryptionConfig(options.file), options)
    const encryption = new FileEncryption(options, current)
    if (options.reload) {
      options.metrics.loaded(current.hash)
      void encryption.#watch()
    }
    return encryption
  }

  /** Changes with the configuration. */
  get generation(): object {
    return this.#current
  }

  /** The check `kms-providers` of the server's health: there is one where something can be wrong. */
  get hasHealth(): boolean {
    return this.#options.reload || this.#current.hasKms
  }

  transformersOf(type: string): readonly Transformer[] {
    return this.#current.transformersOf(type)
  }

  check(): Promise<void> {
    return this.#current.check()
  }

  close(): void {
    this.#closing.abort()
    this.#current.close()
  }

  async #watch(): Promise<void> {
    const { interval = LOOK_INTERVAL, file, log, metrics } = this.#options
    const { signal } = this.#closing
    for (let pause = interval; ; ) {
      await sleep(pause, undefined, { signal, ref: false }).catch(() => {})
      if (signal.aborted) return
      try {
        if (await this.#reload()) {
          metrics.reloaded('success')
          log.info({ file }, 'took a new encryption configuration over')
        }
        pause = interval
      } catch (error) {
        if (signal.aborted) return
        metrics.reloaded('failure')
        log.error({ file, error: (error as Error).message }, 'cannot take the encryption configuration over')
        pause = Math.min(pause === interval ? FIRST_RETRY : pause * 2, interval)
      }
    }
  }

  async #reload(): Promise<boolean> {
    const { file, metrics } = this.#options
    if ((await encryptionConfigHash(file)) === this.#current.hash) return false
    const configuration = await readEncryptionConfig(file)
    if (configuration.hash === this.#current.hash) return false
    const next = await ConfiguredEncryption.open(configuration, this.#options)
    try {
      await this.#becomeWell(next)
    } catch (error) {
      next.close()
      throw error
    }
    const old = this.#current
    this.#current = next
    metrics.loaded(next.hash)
    setTimeout(() => old.close(), old.grace).unref()
    return true
  }

  async #becomeWell(next: ConfiguredEncryption): Promise<void> {
    for (const end = Date.now() + Math.max(next.grace, LEAST_GRACE); ; ) {
      this.#closing.signal.throwIfAborted()
      try {
        return await next.check()
      } catch (error) {
        if (Date.now() > end) {
          const message = `health check for new transformers failed: ${(error as Error).message}`
          throw new Error(message, { cause: error })
        }
      }
      await sleep(HEALTH_INTERVAL)
    }
  }
}
