import { watch } from 'node:fs'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import test from 'ava'
import { supervise } from '../../cli/server/supervisor.ts'
import type { Logger } from '../../plugins/plugin.ts'

const log: Logger = { debug() {}, info() {}, warn() {}, error() {}, child: () => log }
let dir: string

test.before(async () => {
  dir = await mkdtemp(join(tmpdir(), 'skiff-supervisor-'))
})

test.after.always(() => rm(dir, { recursive: true, force: true }))

const starts = async (file: string): Promise<number> =>
  (await readFile(file, 'utf8').catch(() => '')).split('\n').length - 1

async function until(file: string, count: number): Promise<void> {
  for await (const _ of changes(file)) if ((await starts(file)) >= count) return
}

async function* changes(file: string): AsyncGenerator<void> {
  yield
  while (true) {
    await new Promise<void>(resolve => {
      const watcher = watch(dir, () => done())
      const timer = setTimeout(() => done(), 500)
      const done = (): void => {
        clearTimeout(timer)
        watcher.close()
        resolve()
      }
    })
    yield void file
  }
}

test('a child that ends is started again, and all end when told to', async t => {
  const file = join(dir, 'starts')
  const stop = new AbortController()
  const running = supervise(
    [{ name: 'x', command: ['sh', '-c', `echo x >> ${file}; exit 1`] }],
    log,
    stop.signal,
  )
  await until(file, 3)
  stop.abort()
  await running
  const count = await starts(file)
  t.true(count >= 3)
})

test('a child that does not want to end is given SIGTERM first', async t => {
  const file = join(dir, 'ended')
  const stop = new AbortController()
  const script = `trap 'echo term >> ${file}; exit 0' TERM; echo up >> ${file}; while :; do sleep 0.05; done`
  const running = supervise([{ name: 'y', command: ['sh', '-c', script] }], log, stop.signal)
  await until(file, 1)
  stop.abort()
  await running
  t.is(await readFile(file, 'utf8'), 'up\nterm\n')
})
