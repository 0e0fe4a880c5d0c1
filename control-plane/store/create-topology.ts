import type { RedisOptions } from 'ioredis'
import type { Logger } from '../../plugins/plugin.ts'
import { Cluster } from './cluster.ts'
import { Connection } from './connection.ts'
import { OneRedis } from './one-redis.ts'
import { askAlways } from './redirection.ts'
import type { StoreTarget } from './store-url.ts'
import type { Manner, Topology } from './topology.ts'

/** Reaches the Redis, or the Redises, that a store's URL names. `identified` is told of each connection that was made. */
export function createTopology(
  target: StoreTarget,
  identified: (connection: Connection) => void,
  log: Logger,
): Topology {
  const connect = (options: RedisOptions, manner?: Manner) => {
    const connection = new Connection(options, log, identified)
    if (manner === 'asking') askAlways(connection.redis)
    return connection
  }
  return target.mode === 'cluster' ? new Cluster(target, connect, log) : new OneRedis(target.redis, connect)
}
