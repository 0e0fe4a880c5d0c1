import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import test from 'ava'
import { createPluginHost, type PluginHost } from '../../../plugins/host/host.ts'
import type { Logger } from '../../../plugins/plugin.ts'

const FIXTURES = join(import.meta.dirname, '..', '..', 'fixtures', 'plugins')
const log: Logger = { debug() {}, info() {}, warn() {}, error() {}, child: () => log }
const stopped = new AbortController()
let dataDir: string
let host: PluginHost

test.before(async () => {
  dataDir = await mkdtemp(join(tmpdir(), 'skiff-plugins-'))
  host = createPluginHost({ builtins: {}, baseDir: FIXTURES, dataDir, log, signal: stopped.signal })
})

test.after.always(async () => {
  stopped.abort()
  await rm(dataDir, { recursive: true, force: true })
})

interface Counter {
  next(): Promise<number>
  fail(): Promise<void>
  die(): Promise<void>
  events(signal: AbortSignal): AsyncIterable<number>
}

const start = async (isolation: 'none' | 'process', config = {}): Promise<Counter> =>
  (await host.start('cloud', {
    name: 'counter',
    source: './counter.ts',
    isolation,
    config,
  })) as unknown as Counter

for (const isolation of ['none', 'process'] as const) {
  test(`a plugin answers with its configuration - isolation ${isolation}`, async t => {
    const counter = await start(isolation, { from: 41 })
    t.is(await counter.next(), 42)
  })

  test(`an error keeps its message and code - isolation ${isolation}`, async t => {
    const counter = await start(isolation)
    await t.throwsAsync(() => counter.fail(), { message: 'as asked', code: 'ASKED' })
  })

  test(`a stream ends when its signal aborts - isolation ${isolation}`, async t => {
    const counter = await start(isolation)
    const enough = new AbortController()
    const seen: number[] = []
    for await (const item of counter.events(enough.signal)) {
      seen.push(item)
      if (item === 3) enough.abort()
      if (seen.length > 50) break
    }
    t.deepEqual(seen.slice(0, 4), [0, 1, 2, 3])
  })
}

test('a plugin whose process dies fails its calls and is started again', async t => {
  const counter = await start('process', { from: 1 })
  t.is(await counter.next(), 2)
  await t.throwsAsync(() => counter.die(), {
    code: 'PLUGIN_CRASHED',
    message: /its process ended \(exit code 7\)/,
  })
  t.is(await counter.next(), 2)
})

test('a plugin of another type is refused by name', async t => {
  const starting = host.start('proxy', { name: 'counter', source: './counter.ts', isolation: 'none' })
  await t.throwsAsync(() => starting, {
    code: 'PLUGIN_INVALID',
    message: /plugin "counter": .* is a plugin of type "cloud", expected "proxy"/,
  })
})

test('a file that is not there is told with its path', async t => {
  const starting = host.start('proxy', { name: 'x', source: './missing.ts', isolation: 'none' })
  await t.throwsAsync(() => starting, { code: 'PLUGIN_NOT_FOUND', message: /cannot load .*missing\.ts/ })
})

test('a name that is no built-in lists those there are', async t => {
  await t.throwsAsync(() => host.start('proxy', { name: 'x' }), {
    code: 'PLUGIN_NOT_FOUND',
    message: /no built-in proxy plugin of this name \(there are: none\)/,
  })
})

test('a module without a definition is refused', async t => {
  const file = join(dataDir, 'empty.ts')
  await writeFile(file, 'export const x = 1\n')
  await t.throwsAsync(() => host.start('dns', { name: 'empty', source: file, isolation: 'process' }), {
    message: /has no default export made with definePlugin/,
  })
})
