import { join } from 'node:path'
import test from 'ava'
import { openStore } from '../../../control-plane/store/redis-store.ts'
import type { WriteResult } from '../../../plugins/store.ts'
import { quietLog } from '../../helpers/log.ts'
import { startLossyProxy } from '../../helpers/lossy-proxy.ts'
import { startRedis } from '../../helpers/redis.ts'
import { dataOf, storeDocument } from '../../helpers/store-load.ts'

const redis = await startRedis()
const others = await openStore({ url: redis.url, log: quietLog })
const proxy = await startLossyProxy(join(redis.dir, 'proxy.sock'), redis.url.replace('unix://', ''))
const store = await openStore({ url: proxy.url, log: quietLog })
// The scripts are known to Redis from now on: what is lost is the answer of a write, not that it is unknown.
await store.put('warm', 'up', 0, storeDocument(0))
await store.delete('warm', 'up', 2)

test.after.always(async () => {
  await store.close()
  await others.close()
  proxy.close()
  await redis.remove()
})

/** Runs a write whose answer is lost. */
async function losing(
  write: () => Promise<WriteResult>,
  meanwhile?: () => Promise<unknown>,
): Promise<WriteResult> {
  const lost = proxy.loseAnswer(meanwhile)
  const result = await write()
  await lost
  return result
}

const changes = async (type: string) =>
  (await others.log(type, 1, 100)).map(({ type: what, revision, bytes }) => [what, revision, dataOf(bytes)])

test.serial(
  'a create, an update and a deletion whose answers were lost are done once, and answered',
  async t => {
    const created = await losing(() => store.put('once', 'a', 0, storeDocument(1)))
    t.is(created.ok && created.revision, 2)
    const updated = await losing(() => store.put('once', 'a', 2, storeDocument(2)))
    t.is(updated.ok && updated.revision, 3)
    const deleted = await losing(() => store.delete('once', 'a', 3))
    t.is(deleted.ok && deleted.revision, 4)
    t.is(deleted.ok && dataOf(deleted.bytes), 2)
    t.deepEqual(await changes('once'), [
      ['created', 2, 1],
      ['updated', 3, 2],
      ['deleted', 4, 2],
    ])
  },
)

test.serial('a write whose answer was lost is known as done although others wrote since', async t => {
  const created = await losing(
    () => store.put('since', 'a', 0, storeDocument('mine')),
    async () => others.put('since', 'a', 2, storeDocument('theirs')),
  )
  t.is(created.ok && created.revision, 2)
  const updated = await losing(
    () => store.put('since', 'a', 3, storeDocument('mine too')),
    async () => {
      await others.delete('since', 'a', 4)
      await others.put('since', 'a', 0, storeDocument('theirs again'))
    },
  )
  t.is(updated.ok && updated.revision, 4)
  const deleted = await losing(
    () => store.delete('since', 'a', 6),
    async () => others.put('since', 'a', 0, storeDocument('new')),
  )
  t.is(deleted.ok && deleted.revision, 7)
  t.is(dataOf((await others.get('since', 'a'))!.bytes), 'new')
})

test.serial('a conflict whose answer was lost stays one', async t => {
  await others.put('conflict', 'a', 0, storeDocument('theirs'))
  const created = await losing(() => store.put('conflict', 'a', 0, storeDocument('mine')))
  t.is(!created.ok && dataOf(created.current!.bytes), 'theirs')
  await others.put('conflict', 'a', 2, storeDocument('theirs 2'))
  const updated = await losing(() => store.put('conflict', 'a', 2, storeDocument('mine')))
  t.is(!updated.ok && updated.current?.revision, 3)
  const deleted = await losing(() => store.delete('conflict', 'a', 2))
  t.is(!deleted.ok && deleted.current?.revision, 3)
  t.is((await changes('conflict')).length, 2)
})
