import type { Informer, InformerFactory } from '../../../api/client/client.ts'
import { apiVersion, type KindDeclaration } from '../../../api/kinds/kind.ts'
import { type ApiObject, type OwnerReference, objectKey } from '../../../api/meta/object.ts'

/** One object in the graph of owners and dependents. Of most kinds only the metadata is known. */
export interface GraphNode {
  kind: KindDeclaration<any>
  object: Pick<ApiObject, 'metadata'>
}

/** Who owns whom, as the caches of all kinds have it. */
export interface OwnerGraph {
  /** `kind.group|namespace/name`, and back. */
  keyOf(node: GraphNode): string
  find(key: string): GraphNode | undefined
  dependentsOf(uid: string): GraphNode[]
  /** The owner a reference means, whatever its uid. `kind` undefined: a kind nobody knows. */
  ownerOf(
    reference: OwnerReference,
    namespace: string | undefined,
  ): { kind: KindDeclaration<any> | undefined; node: GraphNode | undefined }
}

const INDEX = 'owner'
const nameOf = ({ kind, group }: { kind: string; group: string }): string => `${kind}.${group}`

function customOf(
  byName: ReadonlyMap<string, KindDeclaration<any>>,
  apiVersion: string,
  kind: string,
): KindDeclaration<any> | undefined {
  const found = byName.get(nameOf({ kind, group: apiVersion.split('/')[0]! }))
  return found?.custom ? found : undefined
}

/** Follows the metadata of every kind. */
export function createOwnerGraph(
  kinds: readonly KindDeclaration<any>[],
  informers: InformerFactory,
): OwnerGraph {
  const byName = new Map(kinds.map(kind => [nameOf(kind), kind]))
  const byReference = new Map(kinds.map(kind => [`${apiVersion(kind)}/${kind.kind}`, kind]))
  const caches = new Map<KindDeclaration<any>, Informer<any>>()
  for (const kind of kinds) {
    const cache = informers.informer(kind, { metadataOnly: true })
    cache.addIndex(INDEX, ({ metadata }) =>
      ((metadata.ownerReferences ?? []) as OwnerReference[]).map(({ uid }) => uid),
    )
    caches.set(kind, cache)
  }
  return {
    keyOf: ({ kind, object }) => `${nameOf(kind)}|${objectKey(object)}`,
    find(key) {
      const bar = key.indexOf('|')
      const kind = byName.get(key.slice(0, bar))
      const object = kind && caches.get(kind)!.get(key.slice(bar + 1))
      return object && { kind, object }
    },
    dependentsOf: uid =>
      [...caches].flatMap(([kind, cache]) => cache.byIndex(INDEX, uid).map(object => ({ kind, object }))),
    ownerOf(reference, namespace) {
      const { apiVersion, kind: name } = reference
      // A custom resource may be meant in another version than the one it is followed in.
      const kind = byReference.get(`${apiVersion}/${name}`) ?? customOf(byName, apiVersion, name)
      if (!kind) return { kind, node: undefined }
      const object = caches
        .get(kind)!
        .get(kind.namespaced ? `${namespace}/${reference.name}` : reference.name)
      return { kind, node: object && { kind, object } }
    },
  }
}
