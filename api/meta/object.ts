/**
 * The shape every API object has on the wire. Times are RFC 3339 strings, quantities are strings, exactly as in JSON:
 * objects are never converted into classes, so what was read is what is written back.
 */

/** A reference from a dependent to its owner (`metadata.ownerReferences`). */
export interface OwnerReference {
  apiVersion: string
  kind: string
  name: string
  uid: string
  controller?: boolean
  blockOwnerDeletion?: boolean
}

/** One writer's record of the fields it set (`metadata.managedFields`). */
export interface ManagedFieldsEntry {
  manager?: string
  operation?: 'Apply' | 'Update'
  apiVersion?: string
  time?: string
  fieldsType?: 'FieldsV1'
  fieldsV1?: Record<string, unknown>
  subresource?: string
}

/** Standard object metadata (meta/v1 ObjectMeta). `name` is present on every stored object. */
export interface ObjectMeta {
  name: string
  generateName?: string
  namespace?: string
  uid?: string
  resourceVersion?: string
  generation?: number
  creationTimestamp?: string
  deletionTimestamp?: string
  deletionGracePeriodSeconds?: number
  labels?: Record<string, string>
  annotations?: Record<string, string>
  ownerReferences?: OwnerReference[]
  finalizers?: string[]
  managedFields?: ManagedFieldsEntry[]
}

/** Any API object: what the generic machinery (store, handlers, informers) works on. */
export interface ApiObject {
  apiVersion: string
  kind: string
  metadata: ObjectMeta
  [field: string]: any
}

/** List metadata (meta/v1 ListMeta). */
export interface ListMeta {
  resourceVersion?: string
  continue?: string
  remainingItemCount?: number
}

/** A page of objects with the revision it was read at. */
export interface List<T> {
  apiVersion: string
  kind: string
  metadata: ListMeta
  items: T[]
}

/** What a watch delivers. `ERROR` carries a Status as its object; `BOOKMARK` carries only kind and resourceVersion. */
export interface WatchEvent<T = ApiObject> {
  type: 'ADDED' | 'MODIFIED' | 'DELETED' | 'BOOKMARK' | 'ERROR'
  object: T
}

/** A condition in `status.conditions` (meta/v1 Condition; older kinds leave some members out). */
export interface Condition {
  type: string
  status: 'True' | 'False' | 'Unknown'
  reason?: string
  message?: string
  lastTransitionTime?: string
  lastUpdateTime?: string
  lastProbeTime?: string
  lastHeartbeatTime?: string
  observedGeneration?: number
}

/** `namespace/name`, or `name` for what is cluster-scoped: the key of caches, queues and the store. */
export function objectKey(object: { metadata: { name: string; namespace?: string } }): string {
  const { name, namespace } = object.metadata
  return namespace ? `${namespace}/${name}` : name
}

/** The inverse of {@link objectKey}. */
export function splitKey(key: string): { name: string; namespace?: string } {
  const slash = key.indexOf('/')
  return slash < 0 ? { name: key } : { namespace: key.slice(0, slash), name: key.slice(slash + 1) }
}
