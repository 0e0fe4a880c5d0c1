import type { Client, Informer } from '../../api/client/client.ts'
import type { KindDeclaration } from '../../api/kinds/kind.ts'
import { type ApiObject, objectKey } from '../../api/meta/object.ts'
import { labelSelector } from '../../api/meta/selectors.ts'
import { isNotFound } from '../../api/meta/status.ts'
import { controlledBy, controllerOf, controllerRef, orphansIn, patchMetadata, removeOwner } from './owner.ts'

/** The two sides of a managing relation: ReplicaSets and their Pods, Deployments and their ReplicaSets. */
export interface Claiming<Owner extends ApiObject, Owned extends ApiObject> {
  client: Client
  owners: KindDeclaration<Owner>
  owned: KindDeclaration<Owned>
  /** Indexed by `indexByController`. */
  cache: Informer<Owned>
  /** Which objects are neither adopted nor let go; all are where left out. */
  isActive?(object: Owned): boolean
}

/**
 * The objects an owner manages: strays that its selector matches are adopted, and those of its own that it no longer
 * matches are let go (client-go's ControllerRefManager).
 */
export async function claim<Owner extends ApiObject, Owned extends ApiObject>(
  { client, owners, owned, cache, isActive = () => true }: Claiming<Owner, Owned>,
  owner: Owner,
): Promise<Owned[]> {
  const selector = selectorOf(owner)
  const isMatch = ({ metadata }: Owned): boolean => selector.matches(metadata.labels)
  const own = controlledBy(cache, owner).filter(isActive)
  const kept = own.filter(isMatch)
  if (owner.metadata.deletionTimestamp) return kept
  for (const lost of own.filter(object => !isMatch(object)))
    await removeOwner(client, owned, lost, owner.metadata.uid!)
  const strays = orphansIn(cache, owner.metadata.namespace).filter(
    object => isActive(object) && isMatch(object) && !object.metadata.deletionTimestamp,
  )
  if (strays.length === 0 || !(await mayAdopt(client, owners, owner))) return kept
  for (const stray of strays) if (await adopt(client, owned, stray, owners, owner)) kept.push(stray)
  return kept
}

/** What an owner selects. A ReplicationController has a plain map of labels, all others a LabelSelector. */
export const selectorOf = ({ kind, spec }: ApiObject) =>
  labelSelector(kind === 'ReplicationController' ? { matchLabels: spec.selector ?? {} } : spec.selector)

/**
 * The cache may show an owner that is already being deleted, and whose dependents were just set free: the server is
 * asked before they are taken back.
 */
async function mayAdopt<T extends ApiObject>(
  client: Client,
  owners: KindDeclaration<T>,
  { metadata }: T,
): Promise<boolean> {
  const fresh = await client.get(owners, metadata).catch(error => {
    if (!isNotFound(error)) throw error
  })
  return fresh?.metadata.uid === metadata.uid && !fresh?.metadata.deletionTimestamp
}

/** False when the object has gone meanwhile. */
async function adopt(
  client: Client,
  owned: KindDeclaration<any>,
  { metadata }: ApiObject,
  owners: KindDeclaration<any>,
  owner: ApiObject,
): Promise<boolean> {
  const body = { metadata: { uid: metadata.uid, ownerReferences: [controllerRef(owners, owner)] } }
  return patchMetadata(client, owned, metadata, body)
}

/** Keys of the owners that may want to adopt an object nobody manages. */
export function adopters<Owner extends ApiObject>(owners: Informer<Owner>, object: ApiObject): string[] {
  if (controllerOf(object)) return []
  return owners
    .list()
    .filter(
      owner =>
        owner.metadata.namespace === object.metadata.namespace &&
        selectorOf(owner).matches(object.metadata.labels),
    )
    .map(objectKey)
}
