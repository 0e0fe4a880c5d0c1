import type { Redis } from 'ioredis'
import { StoreError } from '../../plugins/store.ts'
import type { Connection } from './connection.ts'

/** How long a call may take in all, reconnecting and waiting for a Redis that loads included. Milliseconds. */
const CALL_DEADLINE = 10_000
const FIRST_PAUSE = 10
const LONGEST_PAUSE = 300
/** So often a call goes at once where a member of a cluster sent it. */
const MOST_REDIRECTIONS = 4

/** Leads calls to the Redis that keeps what they are about. */
export interface Route {
  /** A connection that can be used, at once where there is one; rejects with `unavailable` after so many milliseconds. */
  connect(timeout: number): Connection | Promise<Connection>
  /** Told why a call failed, so that the next one can go elsewhere. */
  failed(connection: Connection | undefined, error: Error): void
  /** Told of each try that nothing more is to come of. */
  ended?(connection: Connection): void
}

/** One try of a call. */
export interface Attempt {
  connection: Connection
  redis: Redis
  /** An earlier try may have been done although its answer never came. Set it when this one may have been, too. */
  mayBeDone: boolean
}

/** Answers of a Redis that will do what was asked in a while: it loads, fails over, moves, or misses its replicas. */
const PASSING =
  /^(LOADING|READONLY|MASTERDOWN|TRYAGAIN|CLUSTERDOWN|MOVED|ASK|NOREPLICAS|BUSY|UNBLOCKED|FAILOVER)\b|^NOREPLICAS/
/** What the client says when the connection is not there or broke while the command was under way. */
const DISCONNECTED =
  /isn't writeable|Connection is closed|connection close|max retries|ECONN|EPIPE|ENOENT|ETIMEDOUT|Socket timeout|Command aborted/i

/**
 * Runs a command until it was answered, over broken connections and what passes. Rejects with `unavailable` when the
 * deadline is over, or at once when Redis refuses for good.
 */
export async function call<T>(
  route: Route,
  command: (attempt: Attempt) => Promise<T>,
  deadline = CALL_DEADLINE,
): Promise<T> {
  const end = Date.now() + deadline
  let mayBeDone = false
  let redirections = 0
  for (let pause = FIRST_PAUSE; ; pause = Math.min(pause * 2, LONGEST_PAUSE)) {
    let attempt: Attempt | undefined
    let isSentOn = false
    try {
      const found = route.connect(end - Date.now())
      const connection = found instanceof Promise ? await found : found
      attempt = { connection, redis: connection.redis, mayBeDone }
      connection.gather()
      return await command(attempt)
    } catch (error) {
      if (error instanceof StoreError) throw error
      const failure = error as Error
      route.failed(attempt?.connection, failure)
      const isDisconnected = DISCONNECTED.test(failure.message)
      mayBeDone ||= isDisconnected || attempt?.mayBeDone === true
      if ((!isDisconnected && !PASSING.test(failure.message)) || Date.now() + pause > end)
        throw unavailable(failure)
      // Where it is sent it is answered, but for members that disagree for a while.
      isSentOn = redirections++ < MOST_REDIRECTIONS && /^(ASK|MOVED) /.test(failure.message)
    } finally {
      if (attempt) route.ended?.(attempt.connection)
    }
    if (!isSentOn) await new Promise(resolve => setTimeout(resolve, pause))
  }
}

function unavailable(cause: Error): StoreError {
  return new StoreError('unavailable', `Redis: ${cause.message}`, { cause })
}
