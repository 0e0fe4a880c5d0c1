import type { KindDeclaration } from '../api/kinds/kind.ts'
import type { ApiObject } from '../api/meta/object.ts'

/** The request that a write comes from. */
export interface RequestOrigin {
  /** Its CreateOptions, UpdateOptions or DeleteOptions (meta.k8s.io/v1). */
  options(operation: AdmissionAttributes['operation']): object | undefined
  /** Milliseconds that are left for an answer, counted from when this was first asked; 0 when it is too late. */
  remaining?(): number
  /** Notes something in the request's audit event; a detail only where what was sent is told too. */
  annotate(key: string, value: string, isDetail?: boolean): void
}

/** One write on its way to the store (admission/v1 AdmissionRequest in short). */
export interface AdmissionAttributes {
  operation: 'CREATE' | 'UPDATE' | 'DELETE' | 'CONNECT'
  kind: KindDeclaration
  /** The kind that the request was sent to, where that is another view of the same objects (`autoscaling/v1`). */
  requested?: KindDeclaration | undefined
  /** '' for the object itself. */
  subresource: string
  namespace: string | undefined
  name: string
  /** The object as it will be stored. Mutating plugins change it in place. Undefined on DELETE. */
  object: ApiObject | undefined
  /** What is stored now. Undefined on CREATE. */
  oldObject: ApiObject | undefined
  user: { name: string; uid?: string; groups: string[]; extra?: Record<string, string[]> }
  dryRun: boolean
  /** The name of a new object was made by the server from its `generateName`. */
  isNameGenerated?: boolean | undefined
  /** What else is known of the request; undefined for writes of the server itself. */
  origin?: RequestOrigin | undefined
  /** Set by a plugin that replaced what is in `object`: the server's own fields are then set once more. */
  isRewritten?: boolean
  /** Adds a `Warning` header to the answer. */
  warn(message: string): void
  /**
   * Registers what takes back a side effect of admission (an allocated address) should the write fail afterwards.
   * Run in reverse order, each once.
   */
  onFailure(undo: () => Promise<void> | void): void
  /** Registers what is to be done once the write is stored (release what a deleted object held). */
  onSuccess(done: () => Promise<void> | void): void
}

/**
 * A step of the admission chain. `mutate` steps of all plugins run before any `validate`. To refuse, throw a
 * `StatusError` (403 Forbidden as a rule). Not called for requests that only read.
 */
export interface AdmissionPlugin {
  readonly name: string
  /** Answers quickly whether the plugin wants to see such requests. All of them where left out. */
  handles?(attributes: Pick<AdmissionAttributes, 'operation' | 'kind' | 'subresource'>): boolean
  /** May answer `again`: all `mutate` steps up to this one are then run once more, as the object has become another. */
  mutate?(attributes: AdmissionAttributes): Promise<void | 'again'> | void | 'again'
  validate?(attributes: AdmissionAttributes): Promise<void> | void
}
