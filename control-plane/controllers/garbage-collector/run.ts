import type { InformerFactory } from '../../../api/client/client.ts'
import { runController } from '../../../api/client/controller.ts'
import { createInformerFactory, type InformerOptions } from '../../../api/client/informer.ts'
import { pause } from '../../../api/client/pause.ts'
import { customResourceDefinitions } from '../../../api/kinds/apiextensions.ts'
import { apiServices } from '../../../api/kinds/apiregistration.ts'
import { apiVersion, type KindDeclaration } from '../../../api/kinds/kind.ts'
import type { Logger } from '../../../plugins/plugin.ts'
import type { ControllerContext } from '../context.ts'
import { discoverKinds } from '../discovered-kinds.ts'
import { garbageCollector } from './controller.ts'

/** Definitions often come many at once: they are taken in together. Milliseconds. */
const GATHER = 500
const RETRY = 5_000

export interface GarbageCollectorHost {
  log: Logger
  signal: AbortSignal
  options: InformerOptions
}

/** Runs the garbage collector over all kinds that are served, and anew when other kinds are. */
export async function runGarbageCollector(
  context: ControllerContext,
  { log, signal, options }: GarbageCollectorHost,
): Promise<void> {
  const changes = followChanges(context.informers)
  await changes.synced
  while (!signal.aborted) {
    const round = new AbortController()
    const inner = AbortSignal.any([signal, round.signal])
    const seen = changes.count()
    const kinds = await discover(context, log)
    const custom = createInformerFactory(context.client, inner, options)
    const informers = layered(context.informers, custom)
    const collector = garbageCollector({ ...context, informers }, kinds)
    void untilOthers(context, kinds, seen, changes, log, inner).then(() => round.abort())
    await runController(collector, { informers, log, signal: inner })
  }
}

/** Resolves when other kinds are served than those, or when the signal aborts. */
async function untilOthers(
  context: ControllerContext,
  kinds: readonly KindDeclaration[] | undefined,
  count: number,
  changes: Changes,
  log: Logger,
  signal: AbortSignal,
): Promise<void> {
  let seen = count
  while (!signal.aborted) {
    if (kinds) await changes.after(seen, signal)
    await pause(kinds ? GATHER : RETRY, signal)
    seen = changes.count()
    const now = await discover(context, log)
    if (now && (!kinds || nameAll(now) !== nameAll(kinds))) return
  }
}

/** Changes of definitions and of registrations of other servers. */
interface Changes {
  synced: Promise<unknown>
  /** Rises with each. */
  count(): number
  /** Resolves when there were more than so many, or when the signal aborts. */
  after(count: number, signal: AbortSignal): Promise<void>
}

function followChanges(informers: InformerFactory): Changes {
  let count = 0
  let change = Promise.withResolvers<void>()
  const tell = (): void => {
    count++
    change.resolve()
    change = Promise.withResolvers()
  }
  const caches = [
    informers.informer(customResourceDefinitions, { metadataOnly: true }),
    informers.informer(apiServices, { metadataOnly: true }),
  ]
  for (const cache of caches) cache.addHandler({ added: tell, updated: tell, deleted: tell })
  return {
    synced: Promise.all(caches.map(cache => cache.synced())),
    count: () => count,
    async after(seen, signal) {
      if (count > seen) return
      const aborted = new Promise<void>(resolve =>
        signal.addEventListener('abort', () => resolve(), { once: true }),
      )
      await Promise.race([change.promise, aborted])
    },
  }
}

async function discover({ client }: ControllerContext, log: Logger): Promise<KindDeclaration[] | undefined> {
  try {
    return await discoverKinds(client, (group, error) =>
      log.debug({ group, error: error.message }, 'group is left out of garbage collection'),
    )
  } catch (error) {
    log.debug({ error: (error as Error).message }, 'cannot discover kinds')
    return undefined
  }
}

const nameAll = (kinds: readonly KindDeclaration[]): string =>
  kinds
    .map(kind => `${apiVersion(kind)}/${kind.plural}`)
    .sort()
    .join(' ')

/** Built-in kinds come from the informers that all controllers share, others from some that end with the round. */
const layered = (shared: InformerFactory, custom: InformerFactory): InformerFactory => ({
  informer: (kind, scope) => (kind.custom ? custom : shared).informer(kind, scope),
})
