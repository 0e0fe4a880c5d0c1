import type { Client, InformerFactory } from '../../../api/client/client.ts'
import { namespaces } from '../../../api/kinds/core.ts'
import type { Namespace } from '../../../api/kinds/types.ts'
import { forbidden, internalError, isAlreadyExists, isNotFound } from '../../../api/meta/status.ts'
import type { AdmissionAttributes, AdmissionPlugin } from '../../../plugins/admission.ts'

const isInNamespace = ({ kind }: Pick<AdmissionAttributes, 'kind'>): boolean => kind.namespaced

/** Makes the namespace of what is made, where it is not there yet. */
export function namespaceAutoProvision(client: Client, informers: InformerFactory): AdmissionPlugin {
  const cache = informers.informer(namespaces)
  return {
    name: 'NamespaceAutoProvision',
    handles: attributes => attributes.operation === 'CREATE' && isInNamespace(attributes),
    async mutate({ kind, object, name, namespace, dryRun }) {
      if (dryRun || !namespace || cache.get(namespace)) return
      const metadata = { name: namespace }
      try {
        await client.create(namespaces, {
          apiVersion: 'v1',
          kind: 'Namespace',
          metadata,
          spec: {},
        } as Namespace)
      } catch (error) {
        if (isAlreadyExists(error)) return
        throw forbidden(kind, object?.metadata?.name || name, (error as Error).message)
      }
    },
  }
}

/** Refuses writes in namespaces that are not there. */
export function namespaceExists(client: Client, informers: InformerFactory): AdmissionPlugin {
  const cache = informers.informer(namespaces)
  return {
    name: 'NamespaceExists',
    handles: attributes => attributes.operation !== 'CONNECT' && isInNamespace(attributes),
    async validate({ namespace }) {
      if (!namespace || cache.get(namespace)) return
      await client.get(namespaces, { name: namespace }).catch(error => {
        throw isNotFound(error) ? error : internalError(error.message)
      })
    },
  }
}
