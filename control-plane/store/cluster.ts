import { Redis } from 'ioredis'
import type { Logger } from '../../plugins/plugin.ts'
import { StoreError } from '../../plugins/store.ts'
import type { Route } from './call.ts'
import type { Connection } from './connection.ts'
import { keysOf } from './documents.ts'
import { type Redirection, redirectionOf } from './redirection.ts'
import type { Address, StoreTarget } from './store-url.ts'
import type { Connect, Manner, Purpose, Topology } from './topology.ts'

/** Slots from `first` to `last` are kept by the master at `address`. */
interface SlotRange {
  first: number
  last: number
  address: Address
}

/** A member that does not answer for so long is not asked for the members. Milliseconds. */
const ASK_TIMEOUT = 1_000
/** A master that cannot be reached for so long may have been replaced: the members are asked again. Milliseconds. */
const PATIENCE = 500
const PAUSE = 100

/**
 * A Redis Cluster: each type lies in the slot of its hash tag, on the master of that slot. Calls are led there by a table
 * of slots, which is asked for anew when a master is gone or says that the slot moved. (The client library's own cluster
 * mode sends commands again by itself; who writes must know that a command may have been done already.)
 */
export class Cluster implements Topology {
  #seeds: Address[]
  #target: StoreTarget
  #connect: Connect
  #log: Logger
  #connections = new Map<string, Connection>()
  #slots = new Map<string, Promise<number>>()
  #table: SlotRange[] = []
  #refreshing: Promise<void> | undefined
  #isStale = true
  #closed = false

  constructor(target: StoreTarget, connect: Connect, log: Logger) {
    this.#target = target
    this.#seeds = target.seeds
    this.#connect = connect
    this.#log = log
  }

  route(type: string, purpose: Purpose): Route {
    let redirection: Redirection | undefined
    return {
      connect: async timeout => {
        const end = Date.now() + timeout
        const sent = redirection
        redirection = undefined
        return (sent && (await this.#follow(sent, type, purpose, end))) ?? this.#find(type, purpose, end)
      },
      failed: (connection, error) => {
        redirection = redirectionOf(error.message, connection?.redis.options.host ?? '')
        // While a slot is on its way its master stays what it was.
        if (redirection?.asks || error.message.startsWith('TRYAGAIN')) return
        this.#isStale = true
        // A member that lost the slot may get it back as another one's heir: no connection outlives that.
        if (connection && /^(MOVED|READONLY|UNBLOCKED)/.test(error.message)) this.#discard(connection)
      },
    }
  }

  async everywhere(): Promise<Route[]> {
    await this.#refresh()
    const masters = new Map(this.#table.map(({ address }) => [nameOf(address), address]))
    return [...masters.values()].map(address => ({
      connect: async timeout => {
        const connection = this.#connection(address, 'reads', '')
        await connection.ready(timeout)
        return connection
      },
      failed() {},
    }))
  }

  feedGroup(type: string): string {
    return type
  }

  close(): void {
    this.#closed = true
    for (const connection of this.#connections.values()) connection.close()
  }

  /** Goes where a member sent a call, if that one can be reached. */
  async #follow(
    { address, asks }: Redirection,
    type: string,
    purpose: Purpose,
    end: number,
  ): Promise<Connection | undefined> {
    const group = purpose === 'feed' ? type : ''
    const connection = this.#connection(address, purpose, group, asks ? 'asking' : undefined)
    if (!(await isReady(connection, Math.min(PATIENCE, end - Date.now())))) return undefined
    // Keys arrive one by one, and one that is not there yet would read as one that is not: with a command about several
    // the master says so (TRYAGAIN).
    if (asks) await connection.redis.exists(...Object.values(keysOf(type)))
    return connection
  }

  async #find(type: string, purpose: Purpose, end: number): Promise<Connection> {
    for (;;) {
      if (this.#closed) throw new StoreError('unavailable', 'the store was closed')
      if (this.#isStale) await this.#refresh()
      const address = await this.#master(type)
      const connection = address && this.#connection(address, purpose, purpose === 'feed' ? type : '')
      const patience = Math.min(PATIENCE, end - Date.now())
      if (connection && (await isReady(connection, patience))) return connection
      if (Date.now() > end)
        throw new StoreError('unavailable', `no master of the cluster answers for ${type}`)
      this.#isStale = true
      if (!connection) await new Promise(resolve => setTimeout(resolve, PAUSE))
    }
  }

  async #master(type: string): Promise<Address | undefined> {
    if (this.#table.length === 0) return undefined
    let slot = this.#slots.get(type)
    if (!slot) {
      slot = this.#ask(redis => redis.cluster('KEYSLOT', keysOf(type).revision))
      this.#slots.set(type, slot)
      slot.catch(() => this.#slots.delete(type))
    }
    const number = await slot.catch(() => undefined)
    if (number === undefined) return undefined
    return this.#table.find(range => range.first <= number && number <= range.last)?.address
  }

  #connection(address: Address, purpose: Purpose, group: string, manner?: Manner): Connection {
    const name = `${purpose} ${manner ?? ''} ${group} ${nameOf(address)}`
    let connection = this.#connections.get(name)
    if (!connection) {
      connection = this.#connect({ ...this.#target.redis, ...address }, manner)
      this.#connections.set(name, connection)
    }
    return connection
  }

  #discard(connection: Connection): void {
    for (const [name, known] of this.#connections) {
      if (known === connection) this.#connections.delete(name)
    }
    connection.close()
  }

  #refresh(): Promise<void> {
    this.#refreshing ??= this.#ask(async (redis, asked) => {
      this.#take((await redis.call('CLUSTER', 'SLOTS')) as SlotsReply, asked)
    })
      .catch(error =>
        this.#log.debug({ error: (error as Error).message }, 'cannot ask for the slots of the cluster'),
      )
      .finally(() => {
        this.#refreshing = undefined
      })
    return this.#refreshing
  }

  #take(slots: SlotsReply, asked: Address): void {
    const addressOf = ([host, port]: [string, number]) => ({ host: host || asked.host, port })
    this.#isStale = false
    this.#table = slots.map(([first, last, master]) => ({ first, last, address: addressOf(master) }))
    const members = slots.flatMap(([, , ...nodes]) => nodes.map(addressOf))
    const known = new Map([...members, ...this.#target.seeds].map(address => [nameOf(address), address]))
    this.#seeds = [...known.values()]
    const masters = new Set(this.#table.map(({ address }) => nameOf(address)))
    for (const [name, connection] of this.#connections) {
      if (!masters.has(name.slice(name.lastIndexOf(' ') + 1))) this.#discard(connection)
    }
  }

  /** Asks one member after another until one answers. */
  async #ask<T>(question: (redis: Redis, asked: Address) => Promise<T>): Promise<T> {
    let failure: unknown
    for (const seed of [...this.#seeds]) {
      const redis = new Redis({ ...this.#target.redis, ...seed, ...ASKING })
      redis.on('error', () => {})
      try {
        await redis.connect()
        return await question(redis, seed)
      } catch (error) {
        failure = error
        // The next one that is asked first should be one that answers.
        this.#seeds = [...this.#seeds.filter(address => address !== seed), seed]
      } finally {
        redis.disconnect()
      }
    }
    throw failure
  }
}

/** What CLUSTER SLOTS answers: ranges with their master first, then its replicas. */
type SlotsReply = [first: number, last: number, master: [string, number], ...replicas: [string, number][]][]

const ASKING = {
  protocol: 2,
  lazyConnect: true,
  connectTimeout: ASK_TIMEOUT,
  commandTimeout: ASK_TIMEOUT,
  enableReadyCheck: false,
  retryStrategy: () => null,
} as const

const nameOf = ({ host, port }: Address): string => `${host}:${port}`

async function isReady(connection: Connection, timeout: number): Promise<boolean> {
  try {
    await connection.ready(timeout)
    return true
  } catch {
    return false
  }
}
