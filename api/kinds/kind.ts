import type { ApiObject } from '../meta/object.ts'

/**
 * A column of `kubectl get`. `value` is a path (`.spec.replicas`, dots and brackets as in kubectl's JSONPath subset) or
 * a pure function of the object and the present time.
 */
export interface Column<T = any> {
  name: string
  type: 'string' | 'integer' | 'number' | 'boolean' | 'date'
  /** Only `-o wide` shows columns whose priority is above 0. */
  priority?: number
  format?: string
  description?: string
  value: string | ((object: T, now: Date) => string | number | bigint | boolean | undefined | null)
}

/** Paths of the scale subresource, in the same words as a CRD's `subresources.scale`. */
export interface ScalePaths {
  specReplicasPath: string
  statusReplicasPath: string
  /** Path of a label selector: an object (LabelSelector) or a string in serialized form. */
  labelSelectorPath?: string
}

/** Subresources that generic handlers serve. What is special to one kind (log, exec, binding …) is named in `other`. */
export interface Subresources {
  status?: true
  scale?: ScalePaths
  /** Further names shown by discovery, each served by a handler the registry gives, with the kind it speaks and its verbs. */
  other?: Record<string, { kind: string; group?: string; version?: string; verbs: readonly string[] }>
}

/** How the objects of one kind are kept as those of another. Both ways must be pure and lose nothing. */
export interface StoredAs {
  /** What is stored: another version of the kind, or the kind under its older group. */
  kind: KindDeclaration<any>
  /** `object` may be used up. */
  toStored(object: ApiObject): ApiObject
  /** `object` is shared: it must not be changed. */
  fromStored(object: ApiObject): ApiObject
}

/**
 * Everything the machinery must know of a kind: routes, discovery, OpenAPI, tables, selectors and RBAC names are derived
 * from it. A custom resource produces the same declaration at run time. Rules (defaults, validation) that need code are
 * in `control-plane/registry`, found by {@link resourceName}.
 */
export interface KindDeclaration<T = ApiObject> {
  /** API group, `''` for the core group. */
  group: string
  version: string
  kind: string
  plural: string
  singular: string
  shortNames?: readonly string[]
  categories?: readonly string[]
  namespaced: boolean
  /** Name of the definition in the schema set, e.g. `io.k8s.api.core.v1.Pod`. */
  schema: string
  columns: readonly Column<T>[]
  subresources?: Subresources
  /** Field selectors beyond `metadata.name` and `metadata.namespace`: selector path → value of the object. */
  fieldSelectors?: Record<string, (object: T) => string>
  /** Verbs served; all of them where left out. Review kinds (SubjectAccessReview …) only take `create`. */
  verbs?: readonly Verb[]
  /** False for kinds that are answered and not stored (reviews). */
  stored?: false
  /** Said in a `Warning` header to all who use the kind. */
  deprecation?: string
  /** For a kind that is another view of objects stored as a different kind or version. */
  storedAs?: StoredAs
  /** The version that `storageVersionHash` tells of, where upstream stores objects in another one than the newest. */
  storageVersion?: string
  /** Kind of lists; the kind with `List` behind it where left out. */
  listKind?: string
  /** Declared at run time by a CustomResourceDefinition. */
  custom?: true
  /** Of a custom kind: whether its definition is being deleted. */
  isTerminating?: () => boolean
}

/** Request verbs of stored resources. */
export type Verb = 'create' | 'delete' | 'deletecollection' | 'get' | 'list' | 'patch' | 'update' | 'watch'

/** All verbs of a stored resource, in the order discovery shows them. */
export const ALL_VERBS: readonly Verb[] = [
  'create',
  'delete',
  'deletecollection',
  'get',
  'list',
  'patch',
  'update',
  'watch',
]

/** `plural` or `plural.group`: how RBAC, messages and the registry name a resource (`pods`, `deployments.apps`). */
export function resourceName(kind: { group: string; plural: string }): string {
  return kind.group ? `${kind.plural}.${kind.group}` : kind.plural
}

/** The kind of a list of a kind's objects. */
export const listKindOf = (kind: { kind: string; listKind?: string }): string =>
  kind.listKind ?? `${kind.kind}List`

/** `v1` or `apps/v1`: the `apiVersion` of the kind's objects. */
export function apiVersion(kind: { group: string; version: string }): string {
  return kind.group ? `${kind.group}/${kind.version}` : kind.version
}

/** `/api/v1` or `/apis/apps/v1`: where the group version is served. */
export function groupVersionPath(kind: { group: string; version: string }): string {
  return kind.group ? `/apis/${kind.group}/${kind.version}` : `/api/${kind.version}`
}
