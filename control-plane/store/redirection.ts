import { Command, type Redis } from 'ioredis'
import type { Address } from './store-url.ts'

/** Where a member of a cluster sent a call. */
export interface Redirection {
  address: Address
  /** The slot is on its way: its new master answers for what arrived, and only when asked so (ASKING). */
  asks: boolean
}

/** Reads `MOVED 3999 10.0.0.7:6381` and `ASK …`; a host that is left out is that of the member that answered. */
export function redirectionOf(message: string, answered: string): Redirection | undefined {
  const [, kind, host, port] = /^(MOVED|ASK) \d+ (.*):(\d+)$/.exec(message) ?? []
  return kind ? { address: { host: host || answered, port: Number(port) }, asks: kind === 'ASK' } : undefined
}

/** Commands about keys that the store sends, and what holds several. */
const ABOUT_KEYS = new Set(['get', 'hget', 'exists', 'eval', 'evalsha', 'xread', 'xtrim', 'multi'])

/** Lets each command of a connection follow an ASKING. */
export function askAlways(redis: Redis): void {
  const send = redis.sendCommand.bind(redis)
  let isBundle = false
  redis.sendCommand = (command, stream) => {
    const name = command.name.toLowerCase()
    if (!isBundle && ABOUT_KEYS.has(name)) (send(new Command('asking')) as Promise<unknown>).catch(() => {})
    if (name === 'multi') isBundle = true
    if (name === 'exec') isBundle = false
    return send(command, stream)
  }
}
