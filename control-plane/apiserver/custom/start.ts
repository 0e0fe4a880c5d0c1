import { runController } from '../../../api/client/controller.ts'
import type { Logger } from '../../../plugins/plugin.ts'
import type { Machinery } from '../machinery.ts'
import { finalizingController, namesController } from './controllers.ts'
import { CustomKinds } from './custom-kinds.ts'

/**
 * Serves custom resources, and keeps their definitions' names, conditions and deletion. Every API server does: what two
 * of them write at once, one writes. `changed` is called when other kinds are served.
 */
export async function startCustomResources(
  { client, informers, kinds, views, core }: Machinery,
  log: Logger,
  signal: AbortSignal,
  changed: () => void,
): Promise<void> {
  const custom = new CustomKinds({ informers, kinds, schemas: core.schemas, views, log, changed })
  await custom.start()
  const host = { informers, log, signal }
  void runController(namesController({ client, informers }), host)
  void runController(finalizingController({ client, informers, kinds, views }), host)
}
