import type { Client, InformerFactory } from '../../api/client/client.ts'
import { namespaces } from '../../api/kinds/core.ts'
import { resourceName } from '../../api/kinds/kind.ts'
import type { Namespace } from '../../api/kinds/types.ts'
import { forbidden, isNotFound, notFound, StatusError } from '../../api/meta/status.ts'
import type { AdmissionPlugin } from '../../plugins/admission.ts'
import { isReview } from './matching/exempt.ts'

const IMMORTAL = new Set(['default', 'kube-system', 'kube-public'])
const NAMESPACES = { group: '', plural: 'namespaces' }
/** So long after a namespace was deleted here it is looked at as it is, not as the informer has it. Milliseconds, upstream's. */
const LIVE = 30_000

/** Nothing is made in a namespace that is not there or is going; the system's own namespaces are not deleted. */
export function namespaceLifecycle(client: Client, informers: InformerFactory): AdmissionPlugin {
  const cache = informers.informer(namespaces)
  const deleted = new RecentNames(LIVE)
  const find = (name: string): Namespace | undefined | Promise<Namespace | undefined> => {
    const known = cache.get(name)
    if (known && (isGoing(known) || !deleted.has(name))) return known
    return client.get(namespaces, { name }).catch(ignoreNotFound)
  }
  return {
    name: 'NamespaceLifecycle',
    handles: ({ operation }) => operation === 'CREATE' || operation === 'DELETE',
    async mutate({ operation, kind, subresource, namespace, name, object }) {
      if (operation === 'DELETE') {
        const isNamespace = resourceName(kind) === 'namespaces' && subresource === ''
        if (isNamespace && IMMORTAL.has(name))
          throw forbidden(NAMESPACES, name, 'this namespace may not be deleted')
        if (isNamespace) deleted.add(name)
        return
      }
      // Whether a namespace is there is nobody's business who asks for rights in it.
      if (!namespace || !kind.namespaced || isReview({ kind })) return
      const found = await find(namespace)
      if (!found) throw notFound(NAMESPACES, namespace)
      if (!isGoing(found)) return
      const why = `unable to create new content in namespace ${namespace} because it is being terminated`
      throw withCause(forbidden(kind, object?.metadata.name || name, why), namespace)
    },
  }
}

const isGoing = ({ status, metadata }: Namespace): boolean =>
  status?.phase === 'Terminating' || metadata.deletionTimestamp !== undefined

/** Names for some time after they were added. */
class RecentNames {
  readonly #time: number
  /** When each was added, the latest last. */
  #added = new Map<string, number>()

  /** `time` is in milliseconds. */
  constructor(time: number) {
    this.#time = time
  }

  add(name: string): void {
    this.#forget()
    this.#added.delete(name)
    this.#added.set(name, Date.now())
  }

  has(name: string): boolean {
    if (this.#added.size === 0) return false
    this.#forget()
    return this.#added.has(name)
  }

  #forget(): void {
    for (const [name, at] of this.#added) {
      if (Date.now() - at < this.#time) return
      this.#added.delete(name)
    }
  }
}

/** Clients look for the cause to tell this refusal from others. */
function withCause({ status }: StatusError, namespace: string): StatusError {
  const cause = {
    reason: 'NamespaceTerminating',
    message: `namespace ${namespace} is being terminated`,
    field: 'metadata.namespace',
  }
  return new StatusError({ ...status, details: { ...status.details, causes: [cause] } })
}

function ignoreNotFound(error: unknown): undefined {
  if (!isNotFound(error)) throw error
}
