import { spawn } from 'node:child_process'
import { on } from 'node:events'
import { join } from 'node:path'
import test from 'ava'

const MODULE = join(import.meta.dirname, '../../cli/idle-memory.ts')
const DEADLINE = 60_000

/** Makes a large heap of garbage, then only tells how large it is. */
const PROGRAM = `
import { returnIdleMemory } from ${JSON.stringify(MODULE)}
returnIdleMemory()
let kept = []
for (let i = 0; i < 400_000; i++) kept.push({ i, text: String(i) })
kept = []
setInterval(() => process.send(process.memoryUsage().heapTotal), 100)
`

test('a process that goes idle gives back the memory that its garbage took', async t => {
  const child = spawn(process.execPath, ['--input-type=module', '--eval', PROGRAM], {
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  })
  t.teardown(() => child.kill('SIGKILL'))
  const sizes: number[] = []
  for await (const [size] of on(child, 'message', { signal: AbortSignal.timeout(DEADLINE) })) {
    sizes.push(size)
    if (size < Math.max(...sizes) / 2) break
  }
  t.true(sizes.at(-1)! < sizes[0]! / 2)
})
