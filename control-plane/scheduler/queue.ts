/** Pods that wait for a node: ready to be tried, waiting out a back-off, or waiting for the cluster to change. */
export interface SchedulingQueue {
  add(key: string, priority: number): void
  /** Tried without success: tried again when something changed, not before its back-off is over. */
  park(key: string, priority: number): void
  remove(key: string): void
  /** Something changed that may help: parked Pods become ready as their back-off ends. */
  activateAll(): void
  /** The most important ready Pod, the longest waiting among equals. Undefined when shut down. */
  take(): Promise<string | undefined>
  shutDown(): void
}

const FIRST_BACKOFF = 1_000
const LONGEST_BACKOFF = 10_000
/** Parked Pods are tried again after this time whatever happens. */
const LONGEST_PARKED = 300_000

export function createSchedulingQueue(): SchedulingQueue {
  const ready = new Map<string, number>()
  const parked = new Map<string, { priority: number; readyAt: number; timer: NodeJS.Timeout }>()
  const tries = new Map<string, number>()
  let waiter: ((key: string | undefined) => void) | undefined
  let isShutDown = false

  const best = (): string | undefined => {
    let found: string | undefined
    for (const [key, priority] of ready) if (found === undefined || priority > ready.get(found)!) found = key
    return found
  }
  const handOut = (): void => {
    const key = waiter && best()
    if (key === undefined) return
    ready.delete(key)
    const give = waiter!
    waiter = undefined
    give(key)
  }
  const unpark = (key: string): void => {
    const entry = parked.get(key)
    if (!entry) return
    clearTimeout(entry.timer)
    parked.delete(key)
    ready.set(key, entry.priority)
    handOut()
  }
  return {
    add(key, priority) {
      if (parked.has(key)) unpark(key)
      ready.set(key, priority)
      handOut()
    },
    park(key, priority) {
      const count = tries.get(key) ?? 0
      tries.set(key, count + 1)
      const readyAt = Date.now() + Math.min(FIRST_BACKOFF * 2 ** count, LONGEST_BACKOFF)
      parked.set(key, { priority, readyAt, timer: setTimeout(unpark, LONGEST_PARKED, key) })
    },
    remove(key) {
      clearTimeout(parked.get(key)?.timer)
      parked.delete(key)
      ready.delete(key)
      tries.delete(key)
    },
    activateAll() {
      for (const [key, entry] of parked) {
        clearTimeout(entry.timer)
        entry.timer = setTimeout(unpark, Math.max(0, entry.readyAt - Date.now()), key)
      }
    },
    take() {
      if (isShutDown) return Promise.resolve(undefined)
      return new Promise(resolve => {
        waiter = resolve
        handOut()
      })
    },
    shutDown() {
      isShutDown = true
      for (const { timer } of parked.values()) clearTimeout(timer)
      waiter?.(undefined)
    },
  }
}
