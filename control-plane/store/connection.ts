import { Redis, type RedisOptions } from 'ioredis'
import type { Logger } from '../../plugins/plugin.ts'
import { StoreError } from '../../plugins/store.ts'

/** A connection that does not answer for so long is given up. Milliseconds. */
const SILENCE = 5_000
const CONNECT_TIMEOUT = 3_000
const LONGEST_PAUSE = 1_000
/** Redis reads 16 KiB at a time and syncs what came of that: to hold back more would only keep it waiting. Bytes. */
const ENOUGH = 12 << 10
/** Stands for the run of a Redis that does not tell. */
const UNKNOWN = 'unknown'

/** One connection to a Redis, made again whenever it breaks. */
export class Connection {
  readonly redis: Redis
  /**
   * Names the run of the Redis process that is connected; empty while there is none. Another one may have taken over from
   * it without knowing its last writes (see `LINEAGE` in scripts.ts).
   */
  lineage = ''
  #log: Logger
  #gathering: Redis['stream'] | undefined
  #identified: (connection: Connection) => void
  /** Why the last try to connect failed. */
  #fault = ''
  #waiting = new Set<() => void>()
  #isClosed = false
  #left: Redis['stream'] | undefined

  /** `identified` is told of each connection that was made, before it is used. */
  constructor(options: RedisOptions, log: Logger, identified: (connection: Connection) => void = () => {}) {
    this.#identified = identified
    this.#log = log
    this.redis = new Redis({
      protocol: 2,
      enableOfflineQueue: false,
      autoResendUnfulfilledCommands: false,
      maxRetriesPerRequest: 0,
      maxLoadingRetryTime: 100,
      connectTimeout: CONNECT_TIMEOUT,
      socketTimeout: SILENCE,
      retryStrategy: pause,
      sentinelRetryStrategy: pause,
      reconnectOnError: error => error.message.startsWith('READONLY') && this.#leave(),
      ...options,
    })
    this.redis.setMaxListeners(0)
    this.redis.on('error', error => {
      this.#fault = error.message
      log.debug({ error: error.message }, 'redis connection')
    })
    this.redis.on('ready', () => void this.#identify())
    this.redis.on('close', () => {
      this.lineage = ''
    })
  }

  get isUsable(): boolean {
    return this.redis.status === 'ready' && this.lineage !== ''
  }

  /** Resolves when the connection can be used; rejects with `unavailable` after so many milliseconds. */
  async ready(timeout: number): Promise<void> {
    if (this.isUsable) return
    if (this.redis.status === 'end') throw new StoreError('unavailable', 'the store was closed')
    await new Promise<void>((resolve, reject) => {
      const done = () => {
        clearTimeout(timer)
        this.#waiting.delete(done)
        resolve()
      }
      const timer = setTimeout(
        () => {
          this.#waiting.delete(done)
          const why = this.#fault && `: ${this.#fault}`
          reject(new StoreError('unavailable', `no connection to Redis within ${timeout / 1000} s${why}`))
        },
        Math.max(timeout, 0),
      )
      this.#waiting.add(done)
    })
  }

  /** What is sent in this turn of the event loop goes out together: at its end, or as soon as it is worth a write. */
  gather(): void {
    const { stream } = this.redis
    if (!stream) return
    if (stream === this.#gathering) {
      if (stream.writableLength < ENOUGH) return
      stream.uncork()
      stream.cork()
      return
    }
    this.#gathering = stream
    stream.cork()
    setImmediate(() => {
      this.#gathering = undefined
      stream.uncork()
    })
  }

  /** May be called by all whose calls failed. */
  close(): void {
    if (this.#isClosed) return
    this.#isClosed = true
    this.redis.disconnect()
  }

  /** Says of a connection once that it is to be left, however many calls it fails. */
  #leave(): boolean {
    const { stream } = this.redis
    if (stream === this.#left) return false
    this.#left = stream
    return true
  }

  /** Only a master is used: a replica that was one a moment ago answers with what was. */
  async #identify(): Promise<void> {
    try {
      const [server, replication] = await Promise.all([
        this.redis.info('server'),
        this.redis.info('replication'),
      ])
      if (/^role:slave/m.test(replication)) {
        this.#log.debug({}, 'connected to a replica, looking for its master')
        this.redis.disconnect(true)
        return
      }
      this.lineage = /^run_id:(\w+)/m.exec(server)?.[1] ?? UNKNOWN
    } catch (error) {
      // It broke again: the next connection is asked.
      if (this.redis.status !== 'ready') return
      const { message } = error as Error
      if (!message.startsWith('NOPERM')) {
        this.#fault = message
        this.redis.disconnect(true)
        return
      }
      this.lineage = UNKNOWN
    }
    this.#fault = ''
    this.#identified(this)
    for (const wake of this.#waiting) wake()
  }
}

function pause(attempt: number): number {
  return Math.min(20 * 2 ** Math.min(attempt, 6), LONGEST_PAUSE)
}
