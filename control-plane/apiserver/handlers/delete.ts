import type { Status } from '../../../api/meta/status.ts'
import type { Resource } from '../kind-registry.ts'
import type { ApiContext } from '../pipeline/state.ts'
import { sendEntry, sendList, sendValue } from '../representation/send.ts'
import type { Core, Target, WriteContext } from '../rest/core.ts'
import { type DeleteOptions, remove } from '../rest/delete.ts'
import { removeCollection } from '../rest/delete-collection.ts'
import { fromStored, storageOf } from '../rest/storage.ts'
import { deleteOptions, listOptions } from './options.ts'

/** Kinds whose deletion is answered with the object itself; the others answer a Status. */
const RETURNED = new Set([
  'csidrivers.storage.k8s.io',
  'csinodes.storage.k8s.io',
  'namespaces',
  'pods',
  'services',
  'serviceaccounts',
  'podtemplates',
  'persistentvolumes',
  'persistentvolumeclaims',
  'resourcequotas',
  'storageclasses.storage.k8s.io',
  'volumeattachments.storage.k8s.io',
  'volumeattributesclasses.storage.k8s.io',
])

export async function deleteHandler(
  ctx: ApiContext,
  core: Core,
  resource: Resource,
  target: Target,
): Promise<void> {
  const { options, context } = await deleteOptions(ctx)
  warnOfOrphans(resource, options, context)
  const removed = await remove(core, storageOf(resource), target, options, context, resource)
  const { isGone } = removed
  const entry = fromStored(resource, removed.entry)
  if (!isGone || RETURNED.has(resource.type)) return await sendEntry(ctx, 200, resource.kind, entry)
  const { group, plural } = resource.kind
  const { uid } = entry.object.metadata
  const status: Status = {
    kind: 'Status',
    apiVersion: 'v1',
    metadata: {},
    status: 'Success',
    details: { name: target.name, ...(group && { group }), kind: plural, ...(uid && { uid }) },
  }
  await sendValue(ctx, 200, status)
}

/** Says what becomes of dependents where that is not what one would think. */
function warnOfOrphans({ strategy }: Resource, options: DeleteOptions, context: WriteContext): void {
  const { orphanWarning } = strategy
  if (!orphanWarning) return
  if (options.propagationPolicy === undefined && options.orphanDependents === undefined) {
    context.warn(orphanWarning)
  }
}

export async function deleteCollectionHandler(
  ctx: ApiContext,
  core: Core,
  resource: Resource,
): Promise<void> {
  const { options, context } = await deleteOptions(ctx)
  warnOfOrphans(resource, options, context)
  await sendList(
    ctx,
    resource.kind,
    await removeCollection(core, resource, listOptions(ctx), options, context),
  )
}
