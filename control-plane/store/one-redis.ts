import type { RedisOptions } from 'ioredis'
import type { Route } from './call.ts'
import type { Connection } from './connection.ts'
import type { Connect, Purpose, Topology } from './topology.ts'
import { WriteConnections } from './write-connections.ts'

/** With more of them a sync is shared by no more writes (16 writers of 6 KiB). */
const WRITE_CONNECTIONS = 4

/** All types in one Redis, found at its address or by asking sentinels. */
export class OneRedis implements Topology {
  #writes: WriteConnections
  #connections: Record<Exclude<Purpose, 'writes'>, Connection>

  constructor(options: RedisOptions, connect: Connect) {
    const open = () => connect(options)
    // Where sentinels may name another master all writes go one way: there is no moment with two masters.
    const count = options.sentinels ? 1 : WRITE_CONNECTIONS
    this.#writes = new WriteConnections(Array.from({ length: count }, open))
    this.#connections = { reads: open(), feed: open(), 'quiet feed': open() }
  }

  route(_type: string, purpose: Purpose, bytes = 0): Route {
    if (purpose === 'writes') return this.#writes.route(bytes)
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
    this.#writes.close()
    for (const connection of Object.values(this.#connections)) connection.close()
  }
}
