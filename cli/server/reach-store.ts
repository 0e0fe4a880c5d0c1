import { access } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { embeddedRedis, isListening } from '../../control-plane/store/embedded-redis.ts'
import { openStore } from '../../control-plane/store/redis-store.ts'
import type { Logger } from '../../plugins/plugin.ts'
import type { StorePlugin } from '../../plugins/store.ts'
import { UserError } from '../failure.ts'
import { lockDataDir } from './data-lock.ts'
import { checkStoreOptions } from './open-store.ts'
import { supervise } from './supervisor.ts'

export interface StoreLocation {
  /** Data directory of a server with an embedded Redis. */
  data: string
  /** Store URL; goes before `data`. */
  store?: string
}

/**
 * Gives `work` the store of a server, whether the server runs or not: the Redis of one that is stopped is started for the
 * time. With `exclusive`, a server that runs is an error.
 */
export async function withStore<T>(
  { data, store: url }: StoreLocation,
  exclusive: boolean,
  log: Logger,
  work: (store: StorePlugin) => Promise<T>,
): Promise<T> {
  if (url) {
    await checkStoreOptions({ data, store: url })
    return await useStore(url, log, work)
  }
  const dir = join(resolve(data), 'redis')
  if (!exclusive) await access(dir).catch(cause => noStore(data, cause))
  const redis = await embeddedRedis(dir)
  if (await isListening(redis.socket)) {
    if (!exclusive) return await useStore(redis.url, log, work)
    throw new UserError(
      `${data} is in use by a skiff server`,
      'Stop it first: a restore under a running server would be undone by it.',
    )
  }
  await lockDataDir(data, 'server')
  const ended = new AbortController()
  const running = supervise([{ name: 'redis', ...redis, isQuiet: true }], log, ended.signal)
  try {
    return await useStore(redis.url, log, work)
  } finally {
    ended.abort()
    await running
  }
}

function noStore(data: string, cause: Error): never {
  throw new UserError(`${data} has no store`, 'Give the --data of a server, or its --store.', { cause })
}

async function useStore<T>(url: string, log: Logger, work: (store: StorePlugin) => Promise<T>): Promise<T> {
  const store = await openStore({ url, log })
  try {
    return await work(store)
  } finally {
    await store.close()
  }
}
