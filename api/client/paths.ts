import { groupVersionPath, type KindDeclaration } from '../kinds/kind.ts'
import type { ListOptions, ObjectName } from './client.ts'

type Routed = Pick<KindDeclaration, 'group' | 'version' | 'plural' | 'namespaced'>

/** Where a collection is served. Without a namespace: all namespaces. */
export function collectionPath(kind: Routed, namespace?: string): string {
  const scope = kind.namespaced && namespace ? `/namespaces/${encodeURIComponent(namespace)}` : ''
  return `${groupVersionPath(kind)}${scope}/${kind.plural}`
}

/** Where one object, or a subresource of it, is served. */
export function objectPath(kind: Routed, { name, namespace }: ObjectName, subresource?: string): string {
  const tail = subresource ? `/${subresource}` : ''
  return `${collectionPath(kind, namespace)}/${encodeURIComponent(name)}${tail}`
}

/** `?a=b&c=d` of what is set; '' for nothing. */
export function query(parameters: Record<string, string | number | boolean | undefined>): string {
  const set = Object.entries(parameters).filter(([, value]) => value !== undefined && value !== '')
  return set.length === 0
    ? ''
    : `?${new URLSearchParams(set.map(([key, value]) => [key, String(value)] as [string, string]))}`
}

/** The query of a list or watch. */
export function listParameters(options: ListOptions): Record<string, string | number | undefined> {
  const { labelSelector, fieldSelector, limit, resourceVersion, resourceVersionMatch } = options
  return {
    labelSelector,
    fieldSelector,
    limit,
    continue: options.continue,
    resourceVersion,
    resourceVersionMatch,
  }
}
