import type { ExecutionContext } from 'ava'
import { Redis } from 'ioredis'
import { openStore, type RedisStoreOptions } from '../../control-plane/store/redis-store.ts'
import type { StorePlugin } from '../../plugins/store.ts'
import { quietLog } from './log.ts'
import { startRedis, type TestRedis } from './redis.ts'

/** A store of a test's own, with the Redis behind it and a connection to look into that; all goes with the test. */
export interface TestStore {
  redis: TestRedis
  store: StorePlugin
  control: Redis
}

export async function openTestStore(
  t: ExecutionContext,
  options: Partial<RedisStoreOptions> = {},
): Promise<TestStore> {
  const redis = await startRedis()
  const store = await openStore({ url: redis.url, log: quietLog, ...options })
  const control = new Redis({ path: redis.url.replace('unix://', '') })
  t.teardown(async () => {
    control.disconnect()
    await store.close()
    await redis.remove()
  })
  return { redis, store, control }
}
