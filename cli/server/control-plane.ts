import type { Logger } from '../../plugins/plugin.ts'
import { engineFlags } from './engine-flags.ts'
import type { ServerOptions } from './options.ts'
import { ownRedis } from './own-redis.ts'
import { type ChildSpec, supervise } from './supervisor.ts'

/** Runs the whole control plane: Redis (unless a store is named), API server, controllers, scheduler, Pod routes. */
export async function runControlPlane(
  options: ServerOptions,
  log: Logger,
  signal: AbortSignal,
): Promise<void> {
  const isElsewhere = options.store !== undefined || options.storePlugin !== undefined
  const redis = isElsewhere ? undefined : await ownRedis(options.data)
  const parts = (['apiserver', 'controllers,overlay', 'scheduler'] as const).map(only =>
    component({ ...options, ...(redis && { store: redis.url }), only }),
  )
  await supervise([...(redis ? [{ name: 'redis', ...redis }] : []), ...parts], log, signal)
}

/** A part of the control plane as a child process: this same program with `--only`. */
function component(options: ServerOptions & { only: string }): ChildSpec {
  const { eventTtl, livezGracePeriod, enablePriorityAndFairness: fairness, ...others } = options
  const given = {
    ...others,
    ...(eventTtl !== undefined && { eventTtl: `${eventTtl}ms` }),
    ...(livezGracePeriod !== undefined && { livezGracePeriod: `${livezGracePeriod}ms` }),
    ...(fairness !== undefined && { enablePriorityAndFairness: String(fairness) }),
  }
  const args = Object.entries(given).flatMap(([option, value]) => {
    if (typeof value === 'boolean') return value ? [`--${kebabCase(option)}`] : []
    return [`--${kebabCase(option)}`, String(value)]
  })
  return {
    name: options.only,
    command: [process.execPath, ...engineFlags(options.only), process.argv[1]!, 'server', ...args],
  }
}

const kebabCase = (name: string): string => name.replace(/[A-Z]/g, letter => `-${letter.toLowerCase()}`)
