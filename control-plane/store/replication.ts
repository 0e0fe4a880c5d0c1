import type { Redis } from 'ioredis'
import type { Attempt } from './call.ts'

/** How long replicas may take to confirm what was written. Milliseconds. */
const WAIT = 1_000

/**
 * Waits until replicas have what was written (WAIT). One WAIT at a time on a connection: all who ask while it runs share
 * the next one, so that it costs one round trip for many writes.
 */
export class Replication {
  readonly replicas: number
  #turns = new WeakMap<Redis, { running: Promise<void> | undefined; next: Promise<void> | undefined }>()

  constructor(replicas: number) {
    this.replicas = replicas
  }

  /** Resolves when enough replicas have all that was written over the connection before the call; nothing where none has to. */
  confirm(attempt: Attempt): Promise<void> | undefined {
    if (this.replicas === 0) return undefined
    attempt.mayBeDone = true
    return this.#join(attempt.redis)
  }

  #join(redis: Redis): Promise<void> {
    let turn = this.#turns.get(redis)
    if (!turn) {
      turn = { running: undefined, next: undefined }
      this.#turns.set(redis, turn)
    }
    const { running } = turn
    if (!running) return this.#run(redis, turn)
    turn.next ??= running
      .catch(() => {})
      .then(() => {
        turn.next = undefined
        return this.#run(redis, turn)
      })
    return turn.next
  }

  #run(redis: Redis, turn: { running: Promise<void> | undefined }): Promise<void> {
    const running = this.#wait(redis).finally(() => {
      if (turn.running === running) turn.running = undefined
    })
    turn.running = running
    return running
  }

  async #wait(redis: Redis): Promise<void> {
    const confirmed = await redis.wait(this.replicas, WAIT)
    if (confirmed < this.replicas) {
      throw new Error(`NOREPLICAS ${confirmed} of ${this.replicas} replicas confirmed the write`)
    }
  }
}
