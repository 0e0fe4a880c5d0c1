import type { Client, InformerFactory } from '../../api/client/client.ts'
import { namespaces } from '../../api/kinds/core.ts'
import { resourceName } from '../../api/kinds/kind.ts'
import { forbidden, isNotFound, notFound, StatusError } from '../../api/meta/status.ts'
import type { AdmissionPlugin } from '../../plugins/admission.ts'
import { isReview } from './matching/exempt.ts'

const IMMORTAL = new Set(['default', 'kube-system', 'kube-public'])
const NAMESPACES = { group: '', plural: 'namespaces' }

/** Nothing is made in a namespace that is not there or is going; the system's own namespaces are not deleted. */
export function namespaceLifecycle(client: Client, informers: InformerFactory): AdmissionPlugin {
  const cache = informers.informer(namespaces)
  return {
    name: 'NamespaceLifecycle',
    handles: ({ operation }) => operation === 'CREATE' || operation === 'DELETE',
    async mutate({ operation, kind, subresource, namespace, name, object }) {
      if (operation === 'DELETE') {
        const isNamespace = resourceName(kind) === 'namespaces' && subresource === ''
        if (isNamespace && IMMORTAL.has(name))
          throw forbidden(NAMESPACES, name, 'this namespace may not be deleted')
        return
      }
      // Whether a namespace is there is nobody's business who asks for rights in it.
      if (!namespace || !kind.namespaced || isReview({ kind })) return
      const found =
        cache.get(namespace) ?? (await client.get(namespaces, { name: namespace }).catch(ignoreNotFound))
      if (!found) throw notFound(NAMESPACES, namespace)
      if (found.status?.phase !== 'Terminating' && !found.metadata.deletionTimestamp) return
      const why = `unable to create new content in namespace ${namespace} because it is being terminated`
      throw withCause(forbidden(kind, object?.metadata.name || name, why), namespace)
    },
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
