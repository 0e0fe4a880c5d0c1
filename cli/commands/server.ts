import { reportFailure } from '../failure.ts'
import { returnIdleMemory } from '../idle-memory.ts'
import { createLog } from '../log.ts'
import { completeOptions } from '../server/complete-options.ts'
import { lockDataDir } from '../server/data-lock.ts'
import type { ServerOptions } from '../server/options.ts'
import { stopSignal } from '../signal.ts'

/**
 * `skiff server`: the control plane under one supervisor, or with `--only` a single part of it in this process
 * (`--only apiserver` brings its own Redis along unless `--store` names one).
 */
export async function server(given: ServerOptions): Promise<void> {
  try {
    await run(given)
  } catch (error) {
    reportFailure(error)
  }
  // Whatever a part that failed left open must not keep the process.
  process.exit()
}

async function run(given: ServerOptions): Promise<void> {
  const options = await completeOptions(given)
  const signal = stopSignal()
  const log = createLog(options.only ?? 'server')
  returnIdleMemory()
  if (!options.only) {
    await lockDataDir(options.data, 'server')
    const { runControlPlane } = await import('../server/control-plane.ts')
    await runControlPlane(options, log, signal)
  } else if (options.only === 'apiserver') {
    const { runApiServer } = await import('../server/api-server.ts')
    await runApiServer(options, log, signal)
  } else {
    const { runComponents } = await import('../server/components.ts')
    await runComponents(options.only, options, log, signal)
  }
}
