import type { Controller } from '../../api/client/controller.ts'
import { builtinKinds } from '../../api/kinds/builtin.ts'
import { namespaces } from '../../api/kinds/core.ts'
import type { KindDeclaration } from '../../api/kinds/kind.ts'
import type { Namespace } from '../../api/kinds/types.ts'
import type { ControllerContext } from './context.ts'

const FINALIZER = 'kubernetes'
const LOOK_AGAIN = 500

/** Empties a namespace that is being deleted, kind by kind, and then lets it go. */
export function namespaceController({ client, informers }: ControllerContext): Controller {
  const cache = informers.informer(namespaces)
  const kinds = builtinKinds.filter(
    ({ namespaced, stored, verbs }) =>
      namespaced && stored !== false && (!verbs || verbs.includes('deletecollection')),
  )
  return {
    name: 'namespace',
    watches: [{ kind: namespaces }],
    async reconcile(name) {
      const namespace = cache.get(name)
      const finalizers = namespace?.spec.finalizers ?? []
      if (!namespace?.metadata.deletionTimestamp || !finalizers.includes(FINALIZER)) return
      const left = await Promise.all(kinds.map(kind => empty(kind, name)))
      if (left.some(count => count > 0)) return { requeueAfter: LOOK_AGAIN }
      await finalize(namespace)
    },
  }

  /** How many objects of a kind are still there after all were asked to go. */
  async function empty(kind: KindDeclaration, namespace: string): Promise<number> {
    const before = await client.list(kind, { namespace, limit: 1 })
    if (before.items.length === 0) return 0
    await client.deleteCollection(kind, { namespace, propagationPolicy: 'Background' })
    return (await client.list(kind, { namespace, limit: 1 })).items.length
  }

  async function finalize(namespace: Namespace): Promise<void> {
    const finalizers = (namespace.spec.finalizers ?? []).filter(name => name !== FINALIZER)
    await client.update(namespaces, { ...namespace, spec: { finalizers } }, { subresource: 'finalize' })
  }
}
