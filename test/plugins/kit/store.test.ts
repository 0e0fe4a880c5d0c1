import { execFile } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import test from 'ava'
import { encryptingStore } from '../../../control-plane/store/encryption/encrypting-store.ts'
import { aesgcm } from '../../../control-plane/store/encryption/transformers.ts'
import { openStore } from '../../../control-plane/store/redis-store.ts'
import { createPluginHost } from '../../../plugins/host/host.ts'
import { storeChecks } from '../../../plugins/kit/store.ts'
import type { StorePlugin } from '../../../plugins/store.ts'
import { quietLog } from '../../helpers/log.ts'
import { startRedis } from '../../helpers/redis.ts'
import { startCluster } from '../../helpers/redis-groups.ts'

const dir = await mkdtemp(join(tmpdir(), 'skiff-kit-'))
const stopped = new AbortController()
const redis = await startRedis()
const cluster = await startCluster()
const host = createPluginHost({
  builtins: { store: { redis: () => import('../../../control-plane/store/plugin.ts') } },
  baseDir: join(import.meta.dirname, '../../../plugins/examples'),
  dataDir: dir,
  log: quietLog,
  signal: stopped.signal,
})
const memory = { name: 'memory', source: './memory-store.ts', isolation: 'none' } as const
const plain = await host.start('store', { name: 'redis', config: { url: redis.url } })
const key = { name: 'key', secret: randomBytes(32) }
const stores: Record<string, StorePlugin> = {
  Redis: plain,
  'Redis Cluster': await openStore({ url: cluster.url, log: quietLog }),
  'Redis, encrypted': encryptingStore(plain, { transformersOf: () => [aesgcm(key)] }),
  'the example in memory': await host.start('store', memory),
}

test.after.always(async () => {
  for (const store of Object.values(stores)) await store.close()
  stopped.abort()
  await redis.remove()
  await cluster.remove()
  await rm(dir, { recursive: true, force: true })
})

for (const [name, store] of Object.entries(stores)) {
  for (const { title, run } of storeChecks) {
    test(`${title} - ${name}`, async t => {
      await t.notThrowsAsync(run(store))
    })
  }
}

test('the kit tells of each requirement what became of it, and ends with 1 when one is not met', async t => {
  const run = (source: string) => {
    const args = [join(import.meta.dirname, '../../../plugins/kit/run.ts'), 'store', source]
    return new Promise<{ code: unknown; stdout: string }>(resolve => {
      execFile(process.execPath, args, (error, stdout) => resolve({ code: error?.code ?? 0, stdout }))
    })
  }
  const good = await run(join(import.meta.dirname, '../../../plugins/examples/memory-store.ts'))
  t.is(good.code, 0)
  t.regex(good.stdout, /ok 1 - a type nobody wrote.*# \d+ passed, 0 failed/s)
  const forgetful = join(dir, 'forgetful.ts')
  await writeFile(forgetful, FORGETFUL)
  const bad = await run(forgetful)
  t.is(bad.code, 1)
  t.regex(bad.stdout, /not ok \d+ - what was put is there/)
})

/** The example, but what it is asked for it has forgotten. */
const FORGETFUL = `
import memory from '${join(import.meta.dirname, '../../../plugins/examples/memory-store.ts')}'
export default {
  ...memory,
  start: async context => ({ ...(await memory.start(context)), get: async () => undefined }),
}
`
