import test from 'ava'
import { WatchCache } from '../../../../control-plane/apiserver/cache/watch-cache.ts'
import { openStore } from '../../../../control-plane/store/redis-store.ts'
import { quietLog } from '../../../helpers/log.ts'
import { startRedis } from '../../../helpers/redis.ts'
import { storeDocument } from '../../../helpers/store-load.ts'

async function start() {
  const redis = await startRedis()
  const store = await openStore({ url: redis.url, log: quietLog })
  const cache = new WatchCache('pods', store, quietLog)
  await cache.ready()
  return {
    cache,
    store,
    redis,
    async stop() {
      cache.close()
      await store.close()
      await redis.remove()
    },
  }
}

/** Longer than a read waits. Milliseconds. */
const LONG = 3_300
const standStill = () => Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, LONG)

test('a read that waits for a revision is answered although the process stood still meanwhile', async t => {
  const { cache, store, stop } = await start()
  t.teardown(stop)
  const read = cache.waitFor(2)
  const written = store.put('pods', 'default/a', 0, storeDocument(1))
  // Once it was sent.
  await new Promise(resolve => setTimeout(resolve, 1))
  standStill()
  await t.notThrowsAsync(read)
  t.is(cache.revision, 2)
  await written
})

test('a read of a revision that nothing has yet is refused after 3 seconds, as too large', async t => {
  const { cache, stop } = await start()
  t.teardown(stop)
  const error = await t.throwsAsync(cache.waitFor(7))
  t.is(error!.message, 'Timeout: Too large resource version: 7, current: 1')
})
