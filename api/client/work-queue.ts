/** Delays between tries of one key, in milliseconds: client-go's exponential limiter. */
const FIRST_DELAY = 5
const LONGEST_DELAY = 1_000_000

/**
 * Keys that want work. A key added many times is handed out once; one added while it is worked on is handed out again
 * afterwards; so a key is never worked on twice at the same time.
 */
export interface WorkQueue {
  add(key: string): void
  addAfter(key: string, milliseconds: number): void
  /** Adds with a delay that doubles each time, until `forget`. */
  addRateLimited(key: string): void
  forget(key: string): void
  /** The next key, or undefined once the queue was shut down. Call `done` with it when the work is over. */
  take(): Promise<string | undefined>
  done(key: string): void
  shutDown(): void
  readonly length: number
}

export function createWorkQueue(): WorkQueue {
  const waiting = new Set<string>()
  const dirty = new Set<string>()
  const processing = new Set<string>()
  const failures = new Map<string, number>()
  const timers = new Map<string, { timer: NodeJS.Timeout; due: number }>()
  const takers: ((key: string | undefined) => void)[] = []
  let isShutDown = false

  const handOut = (): void => {
    while (takers.length > 0 && waiting.size > 0) {
      const [key] = waiting
      waiting.delete(key!)
      processing.add(key!)
      takers.shift()!(key)
    }
  }
  const queue: WorkQueue = {
    add(key) {
      if (isShutDown) return
      if (processing.has(key)) dirty.add(key)
      else waiting.add(key)
      handOut()
    },
    addAfter(key, milliseconds) {
      if (isShutDown) return
      if (milliseconds <= 0) return queue.add(key)
      const due = Date.now() + milliseconds
      const pending = timers.get(key)
      if (pending && pending.due <= due) return
      clearTimeout(pending?.timer)
      const fire = (): void => {
        timers.delete(key)
        queue.add(key)
      }
      // setTimeout counts in 32 bits; what is further away is looked at again then.
      timers.set(key, { due, timer: setTimeout(fire, Math.min(milliseconds, 2 ** 31 - 1)) })
    },
    addRateLimited(key) {
      const count = failures.get(key) ?? 0
      failures.set(key, count + 1)
      queue.addAfter(key, Math.min(FIRST_DELAY * 2 ** count, LONGEST_DELAY))
    },
    forget(key) {
      failures.delete(key)
    },
    take() {
      if (isShutDown) return Promise.resolve(undefined)
      return new Promise(resolve => {
        takers.push(resolve)
        handOut()
      })
    },
    done(key) {
      processing.delete(key)
      if (dirty.delete(key)) queue.add(key)
    },
    shutDown() {
      isShutDown = true
      for (const { timer } of timers.values()) clearTimeout(timer)
      timers.clear()
      for (const taker of takers.splice(0)) taker(undefined)
    },
    get length() {
      return waiting.size
    },
  }
  return queue
}
