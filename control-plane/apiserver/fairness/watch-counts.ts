import type { RequestInfo } from '../pipeline/request-info.ts'

/** Watches of one resource: of all of it, of a namespace, of one object. */
interface Counts {
  all: number
  namespaces: Map<string, number>
  objects: Map<string, number>
}

/** What watchers of a resource select by an index, so that most changes are none of their business. */
const INDEXED: Record<string, RegExp> = { pods: /(?:^|,)spec\.nodeName==?([^,]*)/ }

/** How many watches there are that a change is sent to, about. */
export class WatchCounts {
  readonly #resources = new Map<string, Counts>()

  /** Counts a watch in; gives the function that counts it out. */
  register(info: RequestInfo): () => void {
    const selected = INDEXED[info.resource]?.exec(info.query.get('fieldSelector') ?? '')?.[1]
    if (selected) return () => {}
    const counts = this.#countsOf(info)
    const name = info.name ?? info.selectedName
    const { namespace = '' } = info
    if (name !== undefined) return add(counts.objects, `${namespace}/${name}`)
    if (info.namespace !== undefined) return add(counts.namespaces, namespace)
    counts.all++
    return () => counts.all--
  }

  /** Watches that the change a request makes is sent to. */
  interestedIn(info: RequestInfo): number {
    const counts = this.#resources.get(idOf(info))
    if (!counts) return 0
    const { all, namespaces, objects } = counts
    const { namespace = '', name } = info
    const inNamespace = namespaces.size > 0 ? (namespaces.get(namespace) ?? 0) : 0
    if (objects.size === 0 || name === undefined) return all + inNamespace
    return all + inNamespace + (objects.get(`${namespace}/${name}`) ?? 0)
  }

  #countsOf(info: RequestInfo): Counts {
    const id = idOf(info)
    let counts = this.#resources.get(id)
    if (!counts) {
      counts = { all: 0, namespaces: new Map(), objects: new Map() }
      this.#resources.set(id, counts)
    }
    return counts
  }
}

const idOf = ({ group, resource }: RequestInfo): string => (group === '' ? resource : `${resource}.${group}`)

function add(counts: Map<string, number>, key: string): () => void {
  counts.set(key, (counts.get(key) ?? 0) + 1)
  return () => {
    const left = (counts.get(key) ?? 1) - 1
    if (left > 0) counts.set(key, left)
    else counts.delete(key)
  }
}
