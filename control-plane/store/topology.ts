import type { RedisOptions } from 'ioredis'
import type { Route } from './call.ts'
import type { Connection } from './connection.ts'

/** Reads and writes have a connection each, so that no large answer holds up a write; a feed's blocks, it is its own. */
export type Purpose = 'writes' | 'reads' | 'feed' | 'quiet feed'

/** Which Redis keeps which type. */
export interface Topology {
  /** `bytes` is about how much will be sent. */
  route(type: string, purpose: Purpose, bytes?: number): Route
  /** One route to every Redis that keeps types. */
  everywhere(): Promise<Route[]>
  /** The types of one group are followed over one connection. */
  feedGroup(type: string): string
  close(): void
}

/** How commands go over a connection: `asking`, to a master whom a slot is being moved to, each one for itself. */
export type Manner = 'asking' | undefined

export type Connect = (options: RedisOptions, manner?: Manner) => Connection
