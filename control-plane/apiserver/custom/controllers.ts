import { isDeepStrictEqual } from 'node:util'
import type { Client, InformerFactory } from '../../../api/client/client.ts'
import type { Controller } from '../../../api/client/controller.ts'
import { type CustomResourceDefinition, customResourceDefinitions } from '../../../api/kinds/apiextensions.ts'
import { isNotFound } from '../../../api/meta/status.ts'
import { withCondition } from '../../registry/crd/conditions.ts'
import { statusOf } from '../../registry/crd/names.ts'
import { CLEANUP } from '../../registry/crd/strategy.ts'
import type { KindRegistry } from '../kind-registry.ts'
import type { ViewStore } from './view-store.ts'

interface ControllerOptions {
  client: Client
  informers: InformerFactory
}

/** Gives definitions their names, unless others of the group hold them, and establishes them. */
export function namesController({ client, informers }: ControllerOptions): Controller {
  const cache = informers.informer(customResourceDefinitions)
  const inGroup = (group: string) => cache.list().filter(({ spec }) => spec.group === group)
  return {
    name: 'crd-names',
    watches: [
      {
        kind: customResourceDefinitions,
        keys: ({ metadata, spec }: CustomResourceDefinition) => [
          ...new Set([metadata.name, ...inGroup(spec.group).map(other => other.metadata.name)]),
        ],
      },
    ],
    concurrency: 1,
    async reconcile(name) {
      const definition = cache.get(name)
      if (!definition) return
      const others = inGroup(definition.spec.group).filter(other => other.metadata.name !== name)
      const status = statusOf(definition, others, new Date())
      if (isDeepStrictEqual(status, definition.status)) return
      await client
        .update(customResourceDefinitions, { ...definition, status }, { subresource: 'status' })
        .catch(ignoreNotFound)
    },
  }
}

/** Objects are looked for again after so long while their own finalizers hold them. Milliseconds. */
const LOOK_AGAIN = 500

export interface FinalizingOptions extends ControllerOptions {
  kinds: KindRegistry
  views: ViewStore
}

/** Deletes the objects of a definition that is being deleted, and then lets it go. */
export function finalizingController({ client, informers, kinds, views }: FinalizingOptions): Controller {
  const cache = informers.informer(customResourceDefinitions)
  return {
    name: 'crd-finalizer',
    watches: [{ kind: customResourceDefinitions }],
    concurrency: 1,
    async reconcile(name) {
      const definition = cache.get(name)
      const { deletionTimestamp, finalizers = [] } = definition?.metadata ?? {}
      if (!definition || !deletionTimestamp || !finalizers.includes(CLEANUP)) return
      const left = await deleteObjects(definition)
      if (left > 0) {
        await tell(definition, 'InstanceDeletionInProgress', 'CustomResource deletion is in progress')
        return { requeueAfter: LOOK_AGAIN }
      }
      await views.drop(name)
      await release(name)
    },
  }

  /** How many objects are there after all were asked to go. */
  async function deleteObjects({ metadata }: CustomResourceDefinition): Promise<number> {
    const resource = kinds.all().find(({ type }) => type.startsWith(`${metadata.name}@`))
    if (!resource) return 0
    await client.deleteCollection(resource.kind, { propagationPolicy: 'Background' })
    await resource.cache.current()
    return resource.cache.size
  }

  async function tell(definition: CustomResourceDefinition, reason: string, message: string): Promise<void> {
    const before = definition.status?.conditions ?? []
    const conditions = withCondition(
      before,
      { type: 'Terminating', status: 'True', reason, message },
      new Date(),
    )
    if (isDeepStrictEqual(conditions, before)) return
    const status = { ...definition.status, conditions }
    await client.update(customResourceDefinitions, { ...definition, status }, { subresource: 'status' })
  }

  async function release(name: string): Promise<void> {
    const current = await client.get(customResourceDefinitions, { name }).catch(ignoreNotFound)
    if (!current) return
    const finalizers = current.metadata.finalizers?.filter(finalizer => finalizer !== CLEANUP) ?? []
    const metadata = { ...current.metadata, finalizers }
    await client.update(customResourceDefinitions, { ...current, metadata }).catch(ignoreNotFound)
  }
}

function ignoreNotFound(error: unknown): undefined {
  if (!isNotFound(error)) throw error
}
