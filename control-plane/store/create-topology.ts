import type { RedisOptions } from 'ioredis'
import type { Logger } from '../../plugins/plugin.ts'
import { Cluster } from './cluster.ts'
import { Connection } from './connection.ts'
import { OneRedis } from './one-redis.ts'
import type { StoreTarget } from './store-url.ts'
import type { Topology } from './topology.ts'

/** Reaches the Redis, or the Redises, that a store's URL names. */
export function createTopology(target: StoreTarget, log: Logger): Topology {
  const connect = (options: RedisOptions) => new Connection(options, log)
  return target.mode === 'cluster' ? new Cluster(target, connect, log) : new OneRedis(target.redis, connect)
}
