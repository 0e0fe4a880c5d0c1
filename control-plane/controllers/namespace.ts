import { isDeepStrictEqual } from 'node:util'
import type { Controller } from '../../api/client/controller.ts'
import { builtinKinds } from '../../api/kinds/builtin.ts'
import { namespaces, pods } from '../../api/kinds/core.ts'
import type { KindDeclaration } from '../../api/kinds/kind.ts'
import type { Namespace } from '../../api/kinds/types.ts'
import type { ApiObject } from '../../api/meta/object.ts'
import { isNotFound } from '../../api/meta/status.ts'
import type { ControllerContext } from './context.ts'
import { discoverKinds } from './discovered-kinds.ts'
import { namespaceConditions, type Remaining } from './namespace-conditions.ts'

const FINALIZER = 'kubernetes'
const POD = pods as KindDeclaration
/** Bounds of the time until a namespace that is not empty is looked at again (milliseconds). */
const SOONEST = 250
const LATEST = 15_000

/** What is in namespaces and can be deleted as a whole. */
const isEmptied = ({ namespaced, stored, storedAs, verbs }: KindDeclaration): boolean =>
  namespaced && !storedAs && stored !== false && (!verbs || verbs.includes('deletecollection'))

/** Empties a namespace that is being deleted, Pods first and then kind by kind, and lets it go. */
export function namespaceController({ client, informers }: ControllerContext): Controller {
  const cache = informers.informer(namespaces)
  const podCache = informers.informer(pods)
  return {
    name: 'namespace',
    watches: [
      { kind: namespaces },
      {
        kind: pods,
        // Pods take their time to go; the last one must not be waited for any longer than it takes.
        keys: ({ metadata: { name, namespace } }) =>
          !podCache.get(`${namespace}/${name}`) && cache.get(namespace!)?.metadata.deletionTimestamp
            ? [namespace!]
            : [],
      },
    ],
    async reconcile(name) {
      const namespace = cache.get(name)
      const finalizers = namespace?.spec.finalizers ?? []
      if (!namespace?.metadata.deletionTimestamp || !finalizers.includes(FINALIZER)) return
      const left = await emptyAll(name)
      // Upstream counts what is left only once the Pods are gone: until then nothing is told of them.
      await writeConditions(namespace, left, left[0]?.kind === POD ? [] : left)
      if (left.length > 0) return { requeueAfter: lookAgainIn(namespace) }
      await finalize(namespace)
    },
  }

  /** What is still there. As long as it is Pods, nothing else goes: a NetworkPolicy is to hold for as long as they run. */
  async function emptyAll(namespace: string): Promise<Remaining[]> {
    const running = await empty(POD, namespace)
    if (running.objects.length > 0) return [running]
    const kinds = [...builtinKinds, ...(await discoverKinds(client))]
    const others = kinds.filter(kind => kind !== POD && isEmptied(kind))
    const left = await Promise.all(others.map(kind => empty(kind, namespace)))
    return left.filter(({ objects }) => objects.length > 0)
  }

  /** What is still there of a kind after all of it was asked to go. */
  async function empty(kind: KindDeclaration, namespace: string): Promise<Remaining> {
    const list = async (): Promise<ApiObject[]> =>
      (await client.list(kind, { namespace, limit: 500, metadataOnly: true })).items
    if ((await list()).length === 0) return { kind, objects: [] }
    await client.deleteCollection(kind, { namespace, propagationPolicy: 'Background' })
    return { kind, objects: await list() }
  }

  async function writeConditions(
    { metadata, status }: Namespace,
    left: Remaining[],
    told: Remaining[],
  ): Promise<void> {
    const before = status?.conditions ?? []
    if (left.length === 0 && before.length === 0) return
    const conditions = namespaceConditions(before, told)
    if (isDeepStrictEqual(conditions, before)) return
    const body = { metadata: { uid: metadata.uid }, status: { conditions } }
    await client.patch(namespaces, metadata, { type: 'merge', body }, { subresource: 'status' })
  }

  async function finalize({ metadata: { name, uid } }: Namespace): Promise<void> {
    try {
      const fresh = await client.get(namespaces, { name })
      if (fresh.metadata.uid !== uid) return
      const finalizers = (fresh.spec.finalizers ?? []).filter(other => other !== FINALIZER)
      await client.update(namespaces, { ...fresh, spec: { finalizers } }, { subresource: 'finalize' })
    } catch (error) {
      if (!isNotFound(error)) throw error
    }
  }
}

/** The longer it takes already, the longer it may take. */
function lookAgainIn({ metadata }: Namespace): number {
  const age = Date.now() - Date.parse(metadata.deletionTimestamp!)
  return Math.min(LATEST, Math.max(SOONEST, age / 4))
}
