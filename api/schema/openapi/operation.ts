import type { Parameter } from './parameters.ts'

export interface GroupVersionKind {
  group: string
  version: string
  kind: string
}

export type Method = 'get' | 'post' | 'put' | 'patch' | 'delete' | 'head' | 'options'

/** One operation that the server offers, in words that both versions of OpenAPI are made from. */
export interface Operation {
  path: string
  method: Method
  id: string
  /** `x-kubernetes-action`; none for what is not done to objects. */
  action:
    | 'list'
    | 'get'
    | 'post'
    | 'put'
    | 'patch'
    | 'delete'
    | 'deletecollection'
    | 'watch'
    | 'watchlist'
    | 'connect'
    | undefined
  /** `x-kubernetes-group-version-kind`. */
  kind: GroupVersionKind | undefined
  description: string
  /** Group and version in one word: `core_v1`. */
  tag: string
  parameters: readonly Parameter[]
  /** Definition of the body. */
  body: string | undefined
  /** Definition of what is returned, undefined for text and streams. */
  returns: string | undefined
  /** Media types of what is taken and given. */
  consumes: readonly string[]
  produces: readonly string[]
  codes: readonly number[]
}

/** What differs between the operations of one kind. */
export interface Draft {
  path: string
  method: Method
  action: Operation['action']
  /** First word of the id. */
  verb: string
  /** Rest of the id. */
  what: string
  text: string
  query?: readonly Parameter[]
  body?: string
  returns?: string | undefined
  codes?: readonly number[]
  kind?: GroupVersionKind
}

/** Forms that objects have. */
export const MEDIA_TYPES = ['application/json', 'application/yaml', 'application/vnd.kubernetes.protobuf']
/** Forms that lists have, which may be watched. */
export const WATCHED_MEDIA_TYPES = [
  ...MEDIA_TYPES,
  'application/json;stream=watch',
  'application/vnd.kubernetes.protobuf;stream=watch',
]
export const ANYTHING = ['*/*']

export const META = 'io.k8s.apimachinery.pkg.apis.meta.v1.'

export const capital = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1)

/** A group as one word of an id: `rbac.authorization.k8s.io` is `rbacAuthorization`, the core group `core`. */
export function groupWord(group: string): string {
  const [first = '', ...words] = (group || 'core').replace(/\.k8s\.io$/, '').split(/[^\p{L}\d_]+/u)
  return [first, ...words.map(capital)].join('')
}

/** Parameters of a path that all operations have but those that pass on what they get. */
export const isPretty = ({ action }: Operation): boolean => action !== undefined && action !== 'connect'
