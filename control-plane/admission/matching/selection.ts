import type { Client, InformerFactory } from '../../../api/client/client.ts'
import type { RequestSelection } from '../../../api/kinds/admission-types.ts'
import { namespaces } from '../../../api/kinds/core.ts'
import type { Namespace } from '../../../api/kinds/types.ts'
import type { ApiObject } from '../../../api/meta/object.ts'
import { labelSelector, type Selector } from '../../../api/meta/selectors.ts'
import type { WrittenRequest } from '../written-request.ts'
import { isNamespaces } from './rules.ts'

/** Selectors of a webhook, a policy or a binding, compiled. Undefined for those that select everything. */
export interface CompiledSelection {
  namespaces: Selector | undefined
  objects: Selector | undefined
}

export const compileSelection = ({
  namespaceSelector,
  objectSelector,
}: RequestSelection): CompiledSelection => ({
  namespaces: compileSelector(namespaceSelector),
  objects: compileSelector(objectSelector),
})

function compileSelector(selector: RequestSelection['namespaceSelector']): Selector | undefined {
  const compiled = labelSelector(selector ?? {})
  return compiled.requirements.length > 0 ? compiled : undefined
}

/** Finds Namespaces; what the cache has not heard of is looked for in the store. */
export class NamespaceFinder {
  #client: Client
  #informers: InformerFactory

  constructor(client: Client, informers: InformerFactory) {
    this.#client = client
    this.#informers = informers
  }

  /** @throws StatusError 404 */
  async find(name: string): Promise<Namespace> {
    return this.#informers.informer(namespaces).get(name) ?? (await this.#client.get(namespaces, { name }))
  }

  /** Whether a request's namespace is selected; what is in no namespace always is. @throws StatusError 404 */
  async isSelected({ namespaces: selector }: CompiledSelection, request: WrittenRequest): Promise<boolean> {
    if (!selector) return true
    const { namespace, resource, subresource, operation, object } = request
    if (isNamespaces(resource) && subresource === '' && operation !== 'DELETE' && object) {
      return selector.matches(object.metadata?.labels)
    }
    if (namespace === '') return true
    return selector.matches((await this.find(namespace)).metadata.labels)
  }
}

/** Whether the object is selected, as it is or as it was. */
export const isObjectSelected = (
  { objects: selector }: CompiledSelection,
  { object, oldObject }: WrittenRequest,
): boolean => !selector || hasLabels(selector, object) || hasLabels(selector, oldObject)

const hasLabels = (selector: Selector, object: ApiObject | undefined): boolean =>
  object?.metadata !== undefined && selector.matches(object.metadata.labels)
