import { createRequire } from 'node:module'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'

/** How often a process is looked at, milliseconds, and the share of a core below which it counts as idle. */
const INTERVAL = 5_000
const IDLE = 0.05
/** So much more than before, outside of V8's heap and of buffers, is worth being asked for. Bytes. */
const WORTH = 32 * 2 ** 20

/**
 * Lets an idle process give memory back. V8 shrinks its heap some seconds after it has seen that little is allocated, but it
 * looks only while collecting, and a process that goes idle does not collect: it would stay as large as its start, or its
 * last burst of work, has left it. Collecting the young generation takes a millisecond and lets V8 see. What was freed
 * between buffers that are kept the allocator would hold for ever: it is asked for that when it has become much.
 */
export function returnIdleMemory(): void {
  setFlagsFromString('--expose-gc')
  const collect = runInNewContext('gc') as NodeJS.GCFunction
  let before = process.cpuUsage()
  let usual = heldOtherwise()
  const look = () => {
    const { user, system } = process.cpuUsage(before)
    before = process.cpuUsage()
    if (user + system > INTERVAL * 1000 * IDLE) return
    collect({ type: 'minor' })
    if (heldOtherwise() < usual + WORTH) return
    trim()
    usual = heldOtherwise()
  }
  setInterval(look, INTERVAL).unref()
}

/** Memory of the process that is neither V8's heap nor in buffers. Bytes. */
function heldOtherwise(): number {
  const { rss, heapTotal, arrayBuffers } = process.memoryUsage()
  return rss - heapTotal - arrayBuffers
}

/** Gives what the C library's allocator does not use back to the system (15 ms for 90 MiB). Others than glibc have no such call. */
function trim(): void {
  try {
    const koffi = createRequire(import.meta.url)('koffi') as typeof import('koffi')
    koffi.load(null).func('int malloc_trim(size_t pad)')(0)
  } catch {}
}
