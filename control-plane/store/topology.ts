import type { RedisOptions } from 'ioredis'
import type { Logger } from '../../plugins/plugin.ts'
import type { Route } from './call.ts'
import { Cluster } from './cluster.ts'
import { Connection } from './connection.ts'
import type { StoreTarget } from './store-url.ts'

/** Reads and writes have a connection each, so that no large answer holds up a write; a feed's blocks, it is its own. */
export type Purpose = 'writes' | 'reads' | 'feed'

/** Which Redis keeps which type. */
export interface Topology {
  route(type: string, purpose: Purpose): Route
  /** One route to every Redis that keeps types. */
  everywhere(): Promise<Route[]>
  /** The types of one group are followed over one connection. */
  feedGroup(type: string): string
  close(): void
}

/** Prepares a new connection (defines scripts). */
export type Prepare = (connection: Connection) => void

export function createTopology(target: StoreTarget, prepare: Prepare, log: Logger): Topology {
  const connect = (options: RedisOptions, purpose: Purpose) => {
    const connection = new Connection({ ...options, enableAutoPipelining: purpose !== 'feed' }, log)
    prepare(connection)
    return connection
  }
  return target.mode === 'cluster' ? new Cluster(target, connect, log) : new OneRedis(target.redis, connect)
}

export type Connect = (options: RedisOptions, purpose: Purpose) => Connection

/** All types in one Redis, found at its address or by asking sentinels. */
class OneRedis implements Topology {
  #connections: Record<Purpose, Connection>

  constructor(options: RedisOptions, connect: Connect) {
    const open = (purpose: Purpose) => connect(options, purpose)
    this.#connections = { writes: open('writes'), reads: open('reads'), feed: open('feed') }
  }

  route(_type: string, purpose: Purpose): Route {
    const connection = this.#connections[purpose]
    return {
      async connect(timeout) {
        await connection.ready(timeout)
        return connection
      },
      failed() {},
    }
  }

  async everywhere(): Promise<Route[]> {
    return [this.route('', 'reads')]
  }

  feedGroup(): string {
    return ''
  }

  close(): void {
    for (const connection of Object.values(this.#connections)) connection.close()
  }
}
