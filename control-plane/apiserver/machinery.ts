import type { Client, InformerFactory } from '../../api/client/client.ts'
import { builtinKinds } from '../../api/kinds/builtin.ts'
import type { KindDeclaration } from '../../api/kinds/kind.ts'
import type { SchemaSet } from '../../api/schema/schemas.ts'
import type { Logger } from '../../plugins/plugin.ts'
import type { StorePlugin } from '../../plugins/store.ts'
import type { ObjectForms } from '../admission/written-request.ts'
import type { Strategy } from '../registry/strategy.ts'
import { WatchCache } from './cache/watch-cache.ts'
import { ViewStore } from './custom/view-store.ts'
import { KindRegistry } from './kind-registry.ts'
import { createLoopbackClient } from './loopback.ts'
import { createLoopbackInformers } from './loopback-informer.ts'
import type { AdmissionChain, Core } from './rest/core.ts'
import { createObjectForms } from './rest/object-forms.ts'

/** The API without its HTTP: kinds, verbs, and a client of them. */
export interface Machinery {
  kinds: KindRegistry
  core: Core
  client: Client
  /** The same past admission. */
  admitted: Client
  informers: InformerFactory
  /** Where the kinds are kept: custom resources as views, version by version. */
  views: ViewStore
  close(): void
}

export interface MachineryOptions {
  store: StorePlugin
  strategies: Record<string, Strategy<any>>
  log: Logger
  kinds?: readonly KindDeclaration[]
  /** Makes the admission chain, which may use what is made here. All is admitted where left out. */
  admission?(made: AdmissionParts): AdmissionChain
  schemas: SchemaSet
}

/** What an admission chain may be made of. */
export interface AdmissionParts {
  client: Client
  /** The client past admission. */
  admitted: Client
  informers: InformerFactory
  forms: ObjectForms
}

const ADMIT_ALL: AdmissionChain = { async mutate() {}, async validate() {} }

export function createMachinery(options: MachineryOptions): Machinery {
  const { strategies, log, schemas } = options
  const store = new ViewStore(options.store)
  const createCache = (type: string) => new WatchCache(type, store, log)
  const kinds = new KindRegistry({ createCache, strategies })
  for (const kind of options.kinds ?? builtinKinds) kinds.add(kind)
  const core: Core = { store, schemas, admission: ADMIT_ALL }
  const client = createLoopbackClient(core, kinds)
  const admitted = createLoopbackClient({ ...core }, kinds)
  const informers = createLoopbackInformers(kinds)
  if (options.admission) {
    core.admission = options.admission({
      client,
      admitted,
      informers,
      forms: createObjectForms(core, kinds, store),
    })
  }
  return { kinds, core, client, admitted, informers, views: store, close: () => kinds.close() }
}
