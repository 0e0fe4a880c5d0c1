import test from 'ava'
import { openStore } from '../../../control-plane/store/redis-store.ts'
import type { Change, Document } from '../../../plugins/store.ts'
import { quietLog } from '../../helpers/log.ts'
import { startRedis } from '../../helpers/redis.ts'

const document = (data: unknown): Document => ({
  head: '{"metadata":{"resourceVersion":"',
  tail: Buffer.from(`"},"data":${JSON.stringify(data)},"fill":"${'x'.repeat(500)}"}`),
})

test('acknowledged writes survive kill -9 of Redis under load, and the feed misses and doubles none', async t => {
  const redis = await startRedis()
  const store = await openStore({ url: redis.url, log: quietLog, logLength: 1_000_000 })
  const seen: Change[] = []
  let lost = 0
  let notify = () => {}
  store.subscribe('load', 1, {
    changes(batch) {
      seen.push(...batch)
      notify()
    },
    lost: () => lost++,
  })
  try {
    const acknowledged = new Map<string, { revision: number; value: number }>()
    let running = true
    const writer = async (name: string) => {
      for (let value = 0, revision = 0; running; value++) {
        const result = await store.put('load', name, revision, document(value)).catch(() => undefined)
        if (result?.ok) {
          revision = result.revision
          acknowledged.set(name, { revision, value })
        } else if (result) t.fail(`${name}: conflict with its own write`)
      }
    }
    const writers = Array.from({ length: 16 }, (_, i) => writer(`w${i}`))
    for (let round = 0; round < 6; round++) {
      const before = [...acknowledged.values()].reduce((sum, { value }) => sum + value, 0)
      while ([...acknowledged.values()].reduce((sum, { value }) => sum + value, 0) < before + 300) {
        await new Promise(setImmediate)
      }
      await redis.kill()
      redis.start()
    }
    running = false
    await Promise.all(writers)
    for (const [name, { revision, value }] of acknowledged) {
      const stored = await store.get('load', name)
      t.is(stored?.revision, revision)
      t.is(JSON.parse(stored!.bytes.toString()).data, value)
    }
    const last = await store.revision('load')
    await new Promise<void>(resolve => {
      notify = () => seen.at(-1)?.revision === last && resolve()
      notify()
    })
    t.is(lost, 0)
    t.deepEqual(
      seen.map(change => change.revision),
      Array.from({ length: last - 1 }, (_, i) => i + 2),
    )
  } finally {
    await store.close()
    await redis.remove()
  }
})
