import type { Pod } from '../../api/kinds/types.ts'
import type { QueuedPod } from '../../plugins/scheduler.ts'

/** Pods that wait for a node: ready to be tried, waiting out a back-off, or waiting for the cluster to change. */
export interface SchedulingQueue {
  add(key: string, pod: Pod): void
  /** Tried without success: tried again when something changed, not before its back-off is over. */
  park(key: string, pod: Pod): void
  remove(key: string): void
  /** Something changed that may help: parked Pods become ready as their back-off ends. */
  activateAll(): void
  /** The first of the ready Pods by the order of the queue. Undefined when shut down. */
  take(): Promise<string | undefined>
  shutDown(): void
}

const FIRST_BACKOFF = 1_000
const LONGEST_BACKOFF = 10_000
/** Parked Pods are tried again after this time whatever happens. */
const LONGEST_PARKED = 300_000

interface Item extends QueuedPod {
  key: string
}

export function createSchedulingQueue(compare: (a: QueuedPod, b: QueuedPod) => number): SchedulingQueue {
  /** Sorted, the first to be tried last, where it is taken off for nothing. */
  const ready: Item[] = []
  const parked = new Map<string, { item: Item; readyAt: number; timer: NodeJS.Timeout }>()
  const waitingSince = new Map<string, number>()
  const tries = new Map<string, number>()
  let waiter: ((key: string | undefined) => void) | undefined
  let isShutDown = false

  const itemOf = (key: string, pod: Pod): Item => {
    const since = waitingSince.get(key) ?? Date.now()
    waitingSince.set(key, since)
    return { key, pod, since }
  }
  const insert = (item: Item): void => {
    let low = 0
    let high = ready.length
    while (low < high) {
      const middle = (low + high) >>> 1
      if (compare(item, ready[middle]!) < 0) low = middle + 1
      else high = middle
    }
    ready.splice(low, 0, item)
  }
  const dropReady = (key: string): void => {
    const at = ready.findIndex(item => item.key === key)
    if (at >= 0) ready.splice(at, 1)
  }
  const handOut = (): void => {
    if (!waiter || ready.length === 0) return
    const give = waiter
    waiter = undefined
    give(ready.pop()!.key)
  }
  const unpark = (key: string): void => {
    const entry = parked.get(key)
    if (!entry) return
    clearTimeout(entry.timer)
    parked.delete(key)
    insert(entry.item)
    handOut()
  }
  return {
    add(key, pod) {
      clearTimeout(parked.get(key)?.timer)
      parked.delete(key)
      if (waitingSince.has(key)) dropReady(key)
      insert(itemOf(key, pod))
      handOut()
    },
    park(key, pod) {
      const count = tries.get(key) ?? 0
      tries.set(key, count + 1)
      const readyAt = Date.now() + Math.min(FIRST_BACKOFF * 2 ** count, LONGEST_BACKOFF)
      clearTimeout(parked.get(key)?.timer)
      parked.set(key, { item: itemOf(key, pod), readyAt, timer: setTimeout(unpark, LONGEST_PARKED, key) })
    },
    remove(key) {
      clearTimeout(parked.get(key)?.timer)
      parked.delete(key)
      if (waitingSince.delete(key)) dropReady(key)
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
