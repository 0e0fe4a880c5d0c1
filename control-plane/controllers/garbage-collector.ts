import type { Informer } from '../../api/client/client.ts'
import type { Controller } from '../../api/client/controller.ts'
import {
  controllerRevisions,
  daemonSets,
  deployments,
  replicaSets,
  statefulSets,
} from '../../api/kinds/apps.ts'
import { cronJobs, jobs } from '../../api/kinds/batch.ts'
import { leases } from '../../api/kinds/coordination.ts'
import { endpoints, nodes, pods, replicationControllers, services } from '../../api/kinds/core.ts'
import { endpointSlices } from '../../api/kinds/discovery.ts'
import type { KindDeclaration } from '../../api/kinds/kind.ts'
import { apiVersion } from '../../api/kinds/kind.ts'
import type { ApiObject, OwnerReference } from '../../api/meta/object.ts'
import { isNotFound } from '../../api/meta/status.ts'
import type { ControllerContext } from './context.ts'

/** Kinds that own or are owned in a cluster without custom resources. Others are followed only through their owners. */
const KINDS: KindDeclaration<any>[] = [
  pods,
  services,
  endpoints,
  nodes,
  replicationControllers,
  deployments,
  replicaSets,
  statefulSets,
  daemonSets,
  controllerRevisions,
  jobs,
  cronJobs,
  endpointSlices,
  leases,
]

const FOREGROUND = 'foregroundDeletion'
const ORPHAN = 'orphan'

/**
 * Deletes what lost its owners, and carries out foreground and orphaning deletion. Keys are `kind index|namespace/name`.
 */
export function garbageCollector({ client, informers }: ControllerContext): Controller {
  const caches: Informer<any>[] = KINDS.map(kind => informers.informer(kind))
  for (const cache of caches) cache.addIndex('owner', ownerUids)
  const dependentsOf = (uid: string): { index: number; object: ApiObject }[] =>
    caches.flatMap((cache, index) => cache.byIndex('owner', uid).map(object => ({ index, object })))
  const keyOf = (index: number, { metadata }: ApiObject): string =>
    `${index}|${metadata.namespace ? `${metadata.namespace}/` : ''}${metadata.name}`
  const related =
    (index: number) =>
    (object: ApiObject): string[] => [
      keyOf(index, object),
      ...dependentsOf(object.metadata.uid!).map(dependent => keyOf(dependent.index, dependent.object)),
      ...ownersIn(object).map(owner => keyOf(owner.index, owner.object)),
    ]
  /** The owners of an object that the caches hold. */
  function ownersIn({ metadata }: ApiObject): { index: number; object: ApiObject }[] {
    return (metadata.ownerReferences ?? []).flatMap(reference => {
      const index = indexOf(reference)
      const object = index < 0 ? undefined : ownerOf(index, reference, metadata.namespace)
      return object ? [{ index, object }] : []
    })
  }
  const ownerOf = (
    index: number,
    { name }: OwnerReference,
    namespace: string | undefined,
  ): ApiObject | undefined => caches[index]!.get(KINDS[index]!.namespaced ? `${namespace}/${name}` : name)

  return {
    name: 'garbage-collector',
    watches: KINDS.map((kind, index) => ({ kind, keys: related(index) })),
    async reconcile(key) {
      const [index = '', name = ''] = key.split('|')
      const object = caches[Number(index)]!.get(name)
      if (!object) return
      if (object.metadata.deletionTimestamp) return finishDeletion(Number(index), object)
      await collect(Number(index), object)
    },
  }

  /** Gone when no owner is left; an owner is asked for at the server before it is believed to be gone. */
  async function collect(index: number, object: ApiObject): Promise<void> {
    const references = object.metadata.ownerReferences ?? []
    if (references.length === 0) return
    const states = await Promise.all(
      references.map(reference => ownerState(reference, object.metadata.namespace)),
    )
    if (states.some(state => state === 'there')) return
    const isWaitedFor = states.includes('waiting')
    const options = {
      preconditions: { uid: object.metadata.uid! },
      propagationPolicy:
        isWaitedFor && dependentsOf(object.metadata.uid!).length > 0 ? 'Foreground' : 'Background',
    } as const
    await client.delete(KINDS[index]!, object.metadata, options).catch(ignoreNotFound)
  }

  /** `waiting`: the owner is being deleted and waits for its dependents. */
  async function ownerState(
    reference: OwnerReference,
    namespace: string | undefined,
  ): Promise<'there' | 'gone' | 'waiting'> {
    const index = indexOf(reference)
    if (index < 0) return 'there'
    let owner = ownerOf(index, reference, namespace)
    if (owner?.metadata.uid !== reference.uid) {
      owner = await client.get(KINDS[index]!, { name: reference.name, namespace }).catch(ignoreNotFound)
    }
    if (owner?.metadata.uid !== reference.uid) return 'gone'
    const isForeground = owner.metadata.deletionTimestamp && owner.metadata.finalizers?.includes(FOREGROUND)
    return isForeground ? 'waiting' : 'there'
  }

  async function finishDeletion(index: number, object: ApiObject): Promise<void> {
    const finalizers = object.metadata.finalizers ?? []
    const dependents = dependentsOf(object.metadata.uid!)
    if (finalizers.includes(ORPHAN)) {
      await Promise.all(
        dependents.map(dependent => disown(dependent.index, dependent.object, object.metadata.uid!)),
      )
      return removeFinalizer(index, object, ORPHAN)
    }
    if (!finalizers.includes(FOREGROUND)) return
    const blocking = dependents.filter(dependent => blocks(dependent.object, object.metadata.uid!))
    if (blocking.length === 0) await removeFinalizer(index, object, FOREGROUND)
  }

  async function disown(index: number, { metadata }: ApiObject, uid: string): Promise<void> {
    const ownerReferences = (metadata.ownerReferences ?? []).filter(owner => owner.uid !== uid)
    const body = {
      metadata: { uid: metadata.uid, resourceVersion: metadata.resourceVersion, ownerReferences },
    }
    await client.patch(KINDS[index]!, metadata, { type: 'merge', body }).catch(ignoreNotFound)
  }

  async function removeFinalizer(index: number, { metadata }: ApiObject, name: string): Promise<void> {
    const finalizers = (metadata.finalizers ?? []).filter(finalizer => finalizer !== name)
    const body = { metadata: { uid: metadata.uid, resourceVersion: metadata.resourceVersion, finalizers } }
    await client.patch(KINDS[index]!, metadata, { type: 'merge', body }).catch(ignoreNotFound)
  }
}

const ownerUids = ({ metadata }: ApiObject): string[] =>
  (metadata.ownerReferences ?? []).map(({ uid }) => uid)

const indexOf = (reference: OwnerReference): number =>
  KINDS.findIndex(kind => kind.kind === reference.kind && apiVersion(kind) === reference.apiVersion)

const blocks = ({ metadata }: ApiObject, uid: string): boolean =>
  (metadata.ownerReferences ?? []).some(owner => owner.uid === uid && owner.blockOwnerDeletion)

function ignoreNotFound(error: unknown): undefined {
  if (!isNotFound(error)) throw error
}
