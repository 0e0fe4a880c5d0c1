import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'

/** How often a process is looked at, milliseconds, and the share of a core below which it counts as idle. */
const INTERVAL = 5_000
const IDLE = 0.05

/**
 * Lets an idle process give memory back. V8 shrinks its heap some seconds after it has seen that little is allocated, but it
 * looks only while collecting, and a process that goes idle does not collect: it would stay as large as its start, or its
 * last burst of work, has left it. Collecting the young generation takes a millisecond and lets V8 see.
 */
export function returnIdleMemory(): void {
  setFlagsFromString('--expose-gc')
  const collect = runInNewContext('gc') as NodeJS.GCFunction
  let before = process.cpuUsage()
  const look = () => {
    const { user, system } = process.cpuUsage(before)
    before = process.cpuUsage()
    if (user + system < INTERVAL * 1000 * IDLE) collect({ type: 'minor' })
  }
  setInterval(look, INTERVAL).unref()
}
