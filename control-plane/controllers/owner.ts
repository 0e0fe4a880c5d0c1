import type { Client, Informer } from '../../api/client/client.ts'
import type { KindDeclaration } from '../../api/kinds/kind.ts'
import { apiVersion } from '../../api/kinds/kind.ts'
import type { ApiObject, ObjectMeta, OwnerReference } from '../../api/meta/object.ts'
import { isNotFound } from '../../api/meta/status.ts'

/** The reference of the controller that manages an object. */
export const controllerOf = ({ metadata }: Pick<ApiObject, 'metadata'>): OwnerReference | undefined =>
  metadata.ownerReferences?.find(({ controller }) => controller)

/** An owner reference that makes `owner` the managing controller. */
export const controllerRef = (
  kind: KindDeclaration<any>,
  owner: Pick<ApiObject, 'metadata'>,
): OwnerReference => ({
  apiVersion: apiVersion(kind),
  kind: kind.kind,
  name: owner.metadata.name,
  uid: owner.metadata.uid!,
  controller: true,
  blockOwnerDeletion: true,
})

/** Key of the managing controller, if it is of this kind: how an event of a dependent wakes its owner. */
export function ownerKey(kind: KindDeclaration<any>, object: Pick<ApiObject, 'metadata'>): string[] {
  const owner = controllerOf(object)
  return owner?.kind === kind.kind ? [`${object.metadata.namespace}/${owner.name}`] : []
}

const INDEX = 'controller'
const orphansOf = (namespace: string | undefined): string => `orphans of ${namespace}`

/** Lets {@link controlledBy} and {@link orphansIn} find the objects of a cache by their managing controller. */
export function indexByController(informer: Informer<any>): void {
  informer.addIndex(INDEX, object => [controllerOf(object)?.uid ?? orphansOf(object.metadata.namespace)])
}

export const controlledBy = <T extends ApiObject>(
  informer: Informer<T>,
  owner: Pick<ApiObject, 'metadata'>,
): T[] => informer.byIndex(INDEX, owner.metadata.uid!)

/** Objects of a namespace that no controller manages. */
export const orphansIn = <T extends ApiObject>(informer: Informer<T>, namespace: string | undefined): T[] =>
  informer.byIndex(INDEX, orphansOf(namespace))

/** Takes one owner off an object. False when the object has gone meanwhile. */
export function removeOwner(
  client: Client,
  kind: KindDeclaration<any>,
  { metadata }: Pick<ApiObject, 'metadata'>,
  ...uids: string[]
): Promise<boolean> {
  const ownerReferences = uids.map(uid => ({ $patch: 'delete', uid }))
  return patchMetadata(client, kind, metadata, { metadata: { uid: metadata.uid, ownerReferences } })
}

/**
 * Lets the owners of an object go before it does: they may wait for each other in a circle. False when the object has gone
 * meanwhile.
 */
export function unblockOwners(
  client: Client,
  kind: KindDeclaration<any>,
  { metadata }: Pick<ApiObject, 'metadata'>,
): Promise<boolean> {
  const { uid, ownerReferences: owners = [] } = metadata
  const ownerReferences = owners.map(owner => ({ ...owner, blockOwnerDeletion: false }))
  return patchMetadata(client, kind, metadata, { metadata: { uid, ownerReferences } })
}

/** A strategic merge patch of an object that may be gone: then false. */
export async function patchMetadata(
  client: Client,
  kind: KindDeclaration<any>,
  name: ObjectMeta,
  body: { metadata: object },
): Promise<boolean> {
  try {
    await client.patch(kind, name, { type: 'strategic', body })
    return true
  } catch (error) {
    if (isNotFound(error)) return false
    throw error
  }
}
