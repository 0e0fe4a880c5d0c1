import type { RedisOptions } from 'ioredis'
import type { Route } from './call.ts'
import type { Connection } from './connection.ts'
import type { Connect, Purpose, Topology } from './topology.ts'

/** All types in one Redis, found at its address or by asking sentinels. */
export class OneRedis implements Topology {
  #connections: Record<Purpose, Connection>

  constructor(options: RedisOptions, connect: Connect) {
    const open = () => connect(options)
    this.#connections = { writes: open(), reads: open(), feed: open(), 'quiet feed': open() }
  }

  route(_type: string, purpose: Purpose): Route {
    const connection = this.#connections[purpose]
    return {
      connect: timeout =>
        connection.isUsable ? connection : connection.ready(timeout).then(() => connection),
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
