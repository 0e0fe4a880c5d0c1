import type { Route } from './call.ts'
import type { Connection } from './connection.ts'

/** So much of a connection Redis reads in one turn of its event loop, about. Bytes. */
const READ_AT_ONCE = 16 * 1024

/**
 * Connections for writes to one Redis. It syncs its file once in a turn of its event loop, for all that it has read by
 * then: what is more than it reads of one connection goes over the next one, so that many writes share one sync.
 */
export class WriteConnections {
  #connections: Connection[]
  /** Bytes on their way that were not answered yet, by connection. */
  #unanswered = new Map<Connection, number>()

  constructor(connections: Connection[]) {
    this.#connections = connections
  }

  /** The route of a write of about so many bytes. */
  route(bytes: number): Route {
    return {
      connect: timeout => {
        const connection = this.#choose()
        this.#add(connection, bytes)
        return connection.isUsable ? connection : this.#wait(connection, bytes, timeout)
      },
      failed() {},
      ended: connection => this.#add(connection, -bytes),
    }
  }

  async #wait(connection: Connection, bytes: number, timeout: number): Promise<Connection> {
    try {
      await connection.ready(timeout)
      return connection
    } catch (error) {
      this.#add(connection, -bytes)
      throw error
    }
  }

  close(): void {
    for (const connection of this.#connections) connection.close()
  }

  /** The first one with room, so that few writes go over one; if all are full, the one that has least to do. */
  #choose(): Connection {
    let best: Connection | undefined
    for (const connection of this.#connections) {
      if (!connection.isUsable) continue
      const unanswered = this.#of(connection)
      if (unanswered < READ_AT_ONCE) return connection
      if (!best || unanswered < this.#of(best)) best = connection
    }
    return best ?? this.#connections[0]!
  }

  #of(connection: Connection): number {
    return this.#unanswered.get(connection) ?? 0
  }

  #add(connection: Connection, bytes: number): void {
    this.#unanswered.set(connection, this.#of(connection) + bytes)
  }
}
