import { join } from 'node:path'
import { type EmbeddedRedis, embeddedRedis } from '../../control-plane/store/embedded-redis.ts'
import { UserError } from '../failure.ts'
import { inUse } from './data-lock.ts'

/**
 * The Redis of a server's data directory, ready to be started: that of an earlier server is waited for.
 * @throws UserError where it cannot be started, or another server's runs (in another network namespace, say, where the
 *   directory's lock is not seen)
 */
export async function ownRedis(data: string): Promise<EmbeddedRedis> {
  const redis = await embeddedRedis(join(data, 'redis')).catch(cause => {
    throw new UserError(cause.message, 'Or name a Redis that runs elsewhere: --store URL.', { cause })
  })
  await redis.prepare().catch(cause => {
    throw inUse(data, 'server', cause)
  })
  return redis
}
