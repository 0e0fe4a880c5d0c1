import { Redis, type RedisOptions } from 'ioredis'
import type { Logger } from '../../plugins/plugin.ts'
import { StoreError } from '../../plugins/store.ts'

/** How long a call may take in all, reconnecting and waiting for a Redis that loads included. Milliseconds. */
const CALL_DEADLINE = 10_000
/** A connection that does not answer for so long is given up. Milliseconds. */
const SILENCE = 8_000

/** Answers of a Redis that will do what was asked in a while: it loads, fails over, or misses its replicas. */
const PASSING = /^(LOADING|READONLY|MASTERDOWN|TRYAGAIN|CLUSTERDOWN|NOREPLICAS|BUSY|UNBLOCKED)/
/** What the client says when the connection is not there or broke while the command was under way. */
const DISCONNECTED =
  /isn't writeable|Connection is closed|connection close|ECONN|EPIPE|ENOENT|Socket timeout/i

/**
 * What to connect to: `redis://[user:password@]host:port[/db]`, `rediss://…` (TLS), `unix:///path/to/socket` or a path.
 */
export function connectionOptions(url: string): RedisOptions {
  if (url.startsWith('/')) return { path: url }
  let parsed: URL
  try {
    parsed = new URL(url)
  } catch {
    throw new Error(`store URL "${url}" is not a URL: use redis://, rediss:// or unix:///path`)
  }
  if (parsed.protocol === 'unix:') return { path: decodeURIComponent(parsed.pathname) }
  if (parsed.protocol !== 'redis:' && parsed.protocol !== 'rediss:') {
    throw new Error(
      `store URL "${url}" has the scheme ${parsed.protocol} use redis://, rediss:// or unix:///path`,
    )
  }
  return {
    host: parsed.hostname || '127.0.0.1',
    port: Number(parsed.port || 6379),
    ...(parsed.username && { username: decodeURIComponent(parsed.username) }),
    ...(parsed.password && { password: decodeURIComponent(parsed.password) }),
    db: Number(parsed.pathname.slice(1) || 0),
    ...(parsed.protocol === 'rediss:' && { tls: { servername: parsed.hostname } }),
  }
}

/** One connection to Redis whose calls wait out what passes, each with a deadline. */
export class Connection {
  readonly redis: Redis
  #log: Logger

  constructor(url: string, log: Logger, options: RedisOptions = {}) {
    this.#log = log
    this.redis = new Redis({
      ...connectionOptions(url),
      protocol: 2,
      enableOfflineQueue: false,
      autoResendUnfulfilledCommands: false,
      maxRetriesPerRequest: 0,
      socketTimeout: SILENCE,
      retryStrategy: attempt => Math.min(20 * 2 ** Math.min(attempt, 6), 1_000),
      reconnectOnError: error => error.message.startsWith('READONLY'),
      ...options,
    })
    this.redis.setMaxListeners(0)
    this.redis.on('error', error => this.#log.debug({ error: error.message }, 'redis connection'))
  }

  /**
   * Runs a command until it was answered. `again` tells the command that an earlier try may have been done although its
   * answer never came.
   */
  async run<T>(command: (redis: Redis, again: boolean) => Promise<T>, deadline = CALL_DEADLINE): Promise<T> {
    const end = Date.now() + deadline
    for (let again = false, pause = 10; ; pause = Math.min(pause * 2, 500)) {
      let failure: Error
      try {
        if (this.redis.status !== 'ready') await this.ready(end - Date.now())
        return await command(this.redis, again)
      } catch (error) {
        if (error instanceof StoreError) throw error
        failure = error as Error
      }
      if (DISCONNECTED.test(failure.message)) again = true
      else if (!PASSING.test(failure.message)) throw unavailable(failure)
      if (Date.now() + pause > end) throw unavailable(failure)
      await new Promise(resolve => setTimeout(resolve, pause))
    }
  }

  /** Resolves when the connection can be used; rejects with `unavailable` after so many milliseconds. */
  async ready(timeout: number): Promise<void> {
    if (this.redis.status === 'ready') return
    if (this.redis.status === 'end') throw new StoreError('unavailable', 'the store was closed')
    await new Promise<void>((resolve, reject) => {
      const timer = setTimeout(
        () => {
          this.redis.off('ready', done)
          reject(new StoreError('unavailable', `no connection to Redis within ${timeout} ms`))
        },
        Math.max(timeout, 0),
      )
      const done = () => {
        clearTimeout(timer)
        resolve()
      }
      this.redis.once('ready', done)
    })
  }

  close(): void {
    this.redis.disconnect()
  }
}

function unavailable(cause: Error): StoreError {
  return new StoreError('unavailable', `Redis: ${cause.message}`, { cause })
}
