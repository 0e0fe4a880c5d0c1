import { spawn } from 'node:child_process'
import { on } from 'node:events'
import { join } from 'node:path'
import test, { type ExecutionContext } from 'ava'

const MODULE = join(import.meta.dirname, '../../cli/idle-memory.ts')
const DEADLINE = 120_000

/** Makes a large heap of garbage, then only tells how large it is. */
const GARBAGE = `
import { returnIdleMemory } from ${JSON.stringify(MODULE)}
returnIdleMemory()
let kept = []
for (let i = 0; i < 400_000; i++) kept.push({ i, text: String(i) })
kept = []
setInterval(() => process.send(process.memoryUsage().heapTotal), 100)
`

/** Makes a great many buffers and keeps a few of them, then only tells how large the process is. */
const BUFFERS = `
import { returnIdleMemory } from ${JSON.stringify(MODULE)}
returnIdleMemory()
let all = Array.from({ length: 30_000 }, () => Buffer.allocUnsafeSlow(6_000).fill(1))
globalThis.kept = all.filter((_, i) => i % 1_000 === 999)
all = undefined
globalThis.gc()
setInterval(() => process.send(process.memoryUsage.rss()), 100)
`

/** Resolves when the process has become half as large as it was. */
async function shrinks(t: ExecutionContext, program: string, ...flags: string[]): Promise<void> {
  const child = spawn(process.execPath, [...flags, '--input-type=module', '--eval', program], {
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  })
  t.teardown(() => child.kill('SIGKILL'))
  const sizes: number[] = []
  for await (const [size] of on(child, 'message', { signal: AbortSignal.timeout(DEADLINE) })) {
    sizes.push(size)
    if (size < Math.max(...sizes) / 2) break
  }
  t.true(sizes.at(-1)! < sizes[0]! / 2)
}

test('a process that goes idle gives back the memory that its garbage took', async t => {
  await shrinks(t, GARBAGE)
})

test('so it does with what was freed between buffers that are kept', async t => {
  await shrinks(t, BUFFERS, '--expose-gc')
})
