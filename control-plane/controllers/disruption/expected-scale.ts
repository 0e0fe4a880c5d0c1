import type { Informer } from '../../../api/client/client.ts'
import type { KindDeclaration } from '../../../api/kinds/kind.ts'
import { resourceName } from '../../../api/kinds/kind.ts'
import type { Pod } from '../../../api/kinds/types.ts'
import type { ApiObject } from '../../../api/meta/object.ts'
import { controllerOf } from '../owner.ts'

/** A kind whose objects want a number of Pods, with its cache. */
export interface Scalable {
  kind: KindDeclaration<any>
  cache: Informer<any>
}

export interface ExpectedScale {
  count: number
  /** Number of Pods that have no controller: nobody can tell how many of them there should be. */
  unmanaged: number
}

/**
 * How many Pods the controllers of some Pods want together, each counted once; of a ReplicaSet that has an owner it is
 * the owner that says.
 * @throws Error naming a controller that has no number
 */
export function expectedScale(pods: readonly Pod[], scalables: readonly Scalable[]): ExpectedScale {
  const owners = new Map<string, number>()
  let unmanaged = 0
  for (const pod of pods) {
    if (!controllerOf(pod)) {
      unmanaged++
      continue
    }
    const { uid, replicas } = topmost(pod, scalables)
    if (uid !== undefined) owners.set(uid, replicas)
  }
  return { count: [...owners.values()].reduce((sum, replicas) => sum + replicas, 0), unmanaged }
}

function topmost(pod: Pod, scalables: readonly Scalable[]): { uid: string | undefined; replicas: number } {
  let found: { uid: string | undefined; replicas: number } = { uid: undefined, replicas: 0 }
  let object: ApiObject = pod
  for (let owner = controllerOf(object); owner; owner = controllerOf(object)) {
    const { kind, name, apiVersion } = owner
    const scalable = scalables.find(each => each.kind.kind === kind)
    if (!scalable) {
      if (found.uid !== undefined) return found
      throw new Error(`${resourceOf(kind, apiVersion)} does not implement the scale subresource`)
    }
    const there = scalable.cache.get(`${object.metadata.namespace}/${name}`)
    if (there?.metadata.uid !== owner.uid) return found
    object = there
    found = { uid: owner.uid, replicas: there.spec.replicas ?? 1 }
  }
  return found
}

const resourceOf = (kind: string, apiVersion: string): string => {
  const group = apiVersion.includes('/') ? apiVersion.split('/')[0]! : ''
  return resourceName({ group, plural: `${kind.toLowerCase()}s` })
}
