import type { KindDeclaration } from '../kinds/kind.ts'
import type { ApiObject, List, WatchEvent } from '../meta/object.ts'

/** Names one object. `namespace` is left out for cluster-scoped kinds. */
export interface ObjectName {
  name: string
  namespace?: string | undefined
}

/** Every call may be given up by its signal; without one the client's own deadline (30 s) holds, watches excepted. */
export interface CallOptions {
  signal?: AbortSignal
}

export interface WriteOptions extends CallOptions {
  subresource?: string
  fieldManager?: string
  dryRun?: boolean
}

export interface ListOptions extends CallOptions {
  namespace?: string | undefined
  labelSelector?: string
  fieldSelector?: string
  limit?: number
  continue?: string
  resourceVersion?: string
  resourceVersionMatch?: 'Exact' | 'NotOlderThan'
  /** Asks for `metadata` alone (PartialObjectMetadata): what is read of many kinds stays small. */
  metadataOnly?: boolean
  /** Leaves `metadata.managedFields` out of what is given back. */
  isTrimmed?: boolean
}

export interface WatchOptions extends ListOptions {
  allowWatchBookmarks?: boolean
  timeoutSeconds?: number
}

export interface DeleteOptions extends CallOptions {
  gracePeriodSeconds?: number
  propagationPolicy?: 'Orphan' | 'Background' | 'Foreground'
  preconditions?: { uid?: string; resourceVersion?: string }
}

/** A patch and the rules to apply it by. `apply` is server-side apply and needs `fieldManager` in the options. */
export interface Patch {
  type: 'json' | 'merge' | 'strategic' | 'apply'
  body: unknown
}

/**
 * A typed REST client. Every method rejects with a `StatusError` (`api/meta/status.ts`) when the server answered an
 * error, and with a `ConnectionError` when it could not be reached.
 *
 * Whole numbers that a double cannot hold (beyond ±(2⁵³ − 1), as far as 64 bits go) are given as `bigint` in objects of kinds that
 * are declared `custom`, and are sent as numbers again. In all other kinds they are numbers, rounded.
 */
export interface Client {
  get<T extends ApiObject>(kind: KindDeclaration<T>, name: ObjectName, options?: CallOptions): Promise<T>
  list<T extends ApiObject>(kind: KindDeclaration<T>, options?: ListOptions): Promise<List<T>>
  /** Ends when the server closes the stream; throws `StatusError` 410 (`Expired`) when the revision is gone. */
  watch<T extends ApiObject>(kind: KindDeclaration<T>, options?: WatchOptions): AsyncIterable<WatchEvent<T>>
  create<T extends ApiObject>(
    kind: KindDeclaration<T>,
    object: DeepPartial<T>,
    options?: WriteOptions & { name?: ObjectName },
  ): Promise<T>
  update<T extends ApiObject>(kind: KindDeclaration<T>, object: T, options?: WriteOptions): Promise<T>
  patch<T extends ApiObject>(
    kind: KindDeclaration<T>,
    name: ObjectName,
    patch: Patch,
    options?: WriteOptions & { force?: boolean },
  ): Promise<T>
  delete<T extends ApiObject>(
    kind: KindDeclaration<T>,
    name: ObjectName,
    options?: DeleteOptions,
  ): Promise<void>
  deleteCollection<T extends ApiObject>(
    kind: KindDeclaration<T>,
    options?: ListOptions & DeleteOptions,
  ): Promise<void>
  /** A request outside the kinds (`/version`, `/readyz`, proxies). Returns the parsed body. */
  request<R>(method: string, path: string, body?: unknown, options?: CallOptions): Promise<R>
  /** Closes idle connections. Calls under way fail. */
  close(): void
}

/** What a create takes: the server fills in the rest. */
export type DeepPartial<T> = T extends (infer E)[]
  ? DeepPartial<E>[]
  : T extends object
    ? { [K in keyof T]?: DeepPartial<T[K]> }
    : T

/** Called for every change an informer sees. `old` is absent for what is new, `object` is the last state when deleted. */
export interface InformerHandler<T> {
  added?(object: T): void
  updated?(object: T, old: T): void
  deleted?(object: T): void
}

/**
 * A local copy of one kind, kept by list and watch. Objects are shared: never change one (they are frozen in tests and
 * development); copy with `structuredClone`.
 */
export interface Informer<T extends ApiObject> {
  /** The object by `namespace/name` (see `objectKey`). */
  get(key: string): T | undefined
  list(): T[]
  /** Objects for which the index function gave `value`. The index must have been added before. */
  byIndex(index: string, value: string): T[]
  addIndex(index: string, values: (object: T) => string[]): void
  /** Also calls `added` for all that is there already. Returns the function that takes the handler off. */
  addHandler(handler: InformerHandler<T>): () => void
  /** Resolves after the first complete list was delivered to the handlers. */
  synced(): Promise<void>
  /** True once the first list is in. */
  readonly hasSynced: boolean
}

/** Gives each (kind, scope) one shared informer per process. Informers start on first use and stop with the signal. */
export interface InformerFactory {
  informer<T extends ApiObject>(
    kind: KindDeclaration<T>,
    scope?: { namespace?: string; labelSelector?: string; fieldSelector?: string; metadataOnly?: boolean },
  ): Informer<T>
}
