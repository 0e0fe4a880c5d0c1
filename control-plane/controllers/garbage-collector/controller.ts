import { isDeepStrictEqual } from 'node:util'
import type { Controller } from '../../../api/client/controller.ts'
import { builtinKinds } from '../../../api/kinds/builtin.ts'
import type { KindDeclaration } from '../../../api/kinds/kind.ts'
import type { ApiObject, OwnerReference } from '../../../api/meta/object.ts'
import { isNotFound } from '../../../api/meta/status.ts'
import type { ControllerContext } from '../context.ts'
import { removeOwner, unblockOwners } from '../owner.ts'
import { createOwnerGraph, type GraphNode } from './graph.ts'

const FOREGROUND = 'foregroundDeletion'
const ORPHAN = 'orphan'

/** Events own nothing and are too many; what is not stored or cannot be watched and deleted cannot be collected. */
const isCollected = ({ kind, stored, storedAs, verbs }: KindDeclaration<any>): boolean =>
  kind !== 'Event' &&
  stored !== false &&
  !storedAs &&
  (!verbs || (['list', 'watch', 'delete'] as const).every(verb => verbs.includes(verb)))

/** `there`: it keeps its dependents. `waiting`: it is being deleted and waits for its dependents to go first. */
type OwnerState = 'there' | 'gone' | 'waiting'

/**
 * Deletes what lost its owners, and carries out foreground and orphaning deletion.
 * @param others kinds that are served beside the built-in ones
 */
export function garbageCollector(
  { client, informers }: ControllerContext,
  others: readonly KindDeclaration[] = [],
): Controller {
  const kinds = [...builtinKinds, ...others].filter(isCollected) as KindDeclaration<any>[]
  const graph = createOwnerGraph(kinds, informers)
  return {
    name: 'garbage-collector',
    concurrency: 10,
    watches: kinds.map(kind => ({
      kind,
      scope: { metadataOnly: true },
      keys: (object, old) => concerned({ kind, object }, old),
    })),
    async reconcile(key) {
      const node = graph.find(key)
      if (!node) return
      if (node.object.metadata.deletionTimestamp) await finishDeletion(node)
      else await collect(node)
    },
  }

  /** Who must be looked at after a change: most changes are none to the graph. */
  function concerned(node: GraphNode, old: ApiObject | undefined): string[] {
    const { metadata } = node.object
    const self = graph.keyOf(node)
    const isGone = !graph.find(self)
    if (!isGone && !old) return [self]
    if (!isGone && isSameInGraph(node.object, old!)) return []
    const owners = [...(metadata.ownerReferences ?? []), ...(old?.metadata.ownerReferences ?? [])]
      .map(reference => graph.ownerOf(reference, metadata.namespace).node)
      .filter(owner => owner !== undefined)
    return [self, ...[...graph.dependentsOf(metadata.uid!), ...owners].map(graph.keyOf)]
  }

  /** Deletes an object when no owner is left, and takes off owners that are gone while others stay. */
  async function collect({ kind, object }: GraphNode): Promise<void> {
    const { metadata } = object
    const references = metadata.ownerReferences ?? []
    const states = await Promise.all(references.map(reference => ownerState(reference, object)))
    const lost = references.filter((_, i) => states[i] !== 'there').map(({ uid }) => uid)
    if (lost.length === 0) return
    if (lost.length < references.length) return void (await removeOwner(client, kind, object, ...lost))
    const dependents = graph.dependentsOf(metadata.uid!)
    const isBlocked = states.includes('waiting') && dependents.length > 0
    const isCircle = isBlocked && dependents.some(isWaiting)
    if (isCircle) await unblockOwners(client, kind, object)
    const { uid, resourceVersion } = metadata
    await client
      .delete(kind, metadata, {
        preconditions: { uid: uid!, ...(!isCircle && { resourceVersion: resourceVersion! }) },
        propagationPolicy: isBlocked ? 'Foreground' : 'Background',
      })
      .catch(ignoreNotFound)
  }

  /** An owner that the cache does not have is asked for at the server before it is believed to be gone. */
  async function ownerState(
    reference: OwnerReference,
    { metadata }: Pick<ApiObject, 'metadata'>,
  ): Promise<OwnerState> {
    const { kind, node } = graph.ownerOf(reference, metadata.namespace)
    // Of an unknown kind, or in a namespace where the dependent is in none: nobody can tell.
    if (!kind || (kind.namespaced && !metadata.namespace)) return 'there'
    const { name, uid } = reference
    const isKnown = node?.object.metadata.uid === uid
    const owner = isKnown
      ? node.object
      : await client.get(kind, { name, namespace: metadata.namespace }).catch(ignoreNotFound)
    if (owner?.metadata.uid !== uid) return 'gone'
    return isWaiting({ object: owner }) ? 'waiting' : 'there'
  }

  async function finishDeletion(node: GraphNode): Promise<void> {
    const { finalizers = [], uid } = node.object.metadata
    const dependents = graph.dependentsOf(uid!)
    if (finalizers.includes(ORPHAN)) {
      await Promise.all(dependents.map(({ kind, object }) => removeOwner(client, kind, object, uid!)))
      return removeFinalizer(node, ORPHAN)
    }
    const isBlocked = dependents.some(({ object }) => blocks(object, uid!))
    if (finalizers.includes(FOREGROUND) && !isBlocked) await removeFinalizer(node, FOREGROUND)
  }

  async function removeFinalizer({ kind, object }: GraphNode, name: string): Promise<void> {
    const { uid, resourceVersion, finalizers = [] } = object.metadata
    const left = finalizers.filter(finalizer => finalizer !== name)
    const body = { metadata: { uid, resourceVersion, finalizers: left } }
    await client.patch(kind, object.metadata, { type: 'merge', body }).catch(ignoreNotFound)
  }
}

const isSameInGraph = (object: Pick<ApiObject, 'metadata'>, old: Pick<ApiObject, 'metadata'>): boolean =>
  object.metadata.deletionTimestamp === old.metadata.deletionTimestamp &&
  isDeepStrictEqual(object.metadata.ownerReferences, old.metadata.ownerReferences) &&
  isDeepStrictEqual(object.metadata.finalizers, old.metadata.finalizers)

/** Whether an object is being deleted, and stays until its dependents are gone. */
const isWaiting = ({ object: { metadata } }: Pick<GraphNode, 'object'>): boolean =>
  metadata.deletionTimestamp !== undefined && (metadata.finalizers?.includes(FOREGROUND) ?? false)

const blocks = ({ metadata }: Pick<ApiObject, 'metadata'>, uid: string): boolean =>
  (metadata.ownerReferences ?? []).some(owner => owner.uid === uid && owner.blockOwnerDeletion)

function ignoreNotFound(error: unknown): undefined {
  if (!isNotFound(error)) throw error
}
