import { availableParallelism } from 'node:os'

/**
 * Lets only so many Pods be started at once. All at once, thirty Pods on two cores would all be ready at the end of the
 * longest time; in turn, the first half is ready in half of it.
 */
export interface Pace {
  /** Runs `work` when it is its turn. Urgent work (a container of a sandbox that stands) comes before all that waits. */
  run<T>(urgency: 'urgent' | 'normal', work: () => Promise<T>): Promise<T>
}

/** What takes longer (a network plugin that hangs) gives its place to the next, so that nothing waits for one bad Pod. */
const LONGEST_TURN = 2_000

export function createPace(places = Math.max(3, availableParallelism() + 1)): Pace {
  const waiting = { urgent: [] as (() => void)[], normal: [] as (() => void)[] }
  let free = places
  const next = (): void => {
    while (free > 0) {
      const begin = waiting.urgent.shift() ?? waiting.normal.shift()
      if (!begin) return
      free -= 1
      begin()
    }
  }
  return {
    async run(urgency, work) {
      const turn = new Promise<void>(begin => waiting[urgency].push(begin))
      next()
      await turn
      let isOver = false
      const end = (): void => {
        if (isOver) return
        isOver = true
        free += 1
        next()
      }
      const timer = setTimeout(end, LONGEST_TURN)
      try {
        return await work()
      } finally {
        clearTimeout(timer)
        end()
      }
    },
  }
}
