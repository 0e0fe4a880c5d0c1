import type { ApiObject } from '../../api/meta/object.ts'
import type { FieldError } from '../../api/meta/status.ts'
import type { UserInfo } from '../auth/types.ts'

/** What a rule may know of the request. */
export interface StrategyContext {
  user: UserInfo
  /** Name of the subresource written to, '' for the object itself. */
  subresource: string
  now: Date
  /** The spec as JSON, where that is made already: as it will be stored. */
  specText?: string | undefined
}

/**
 * What is special to one kind when it is written: pure rules, all optional, called by the generic handlers in this order:
 * `defaults`, `prepareForUpdate`, admission, `prepareForCreate`, `validate`. They change the object in place and never
 * read the store; what needs the store (ClusterIP, NodePort, quota) is an admission plugin.
 *
 * The generic handlers already do: metadata (uid, creationTimestamp, generation, name rules, immutable metadata), field
 * validation against the schema, dropping `status` on create and on update of the object, keeping all but `status` on
 * an update of the status subresource.
 */
export interface Strategy<T extends ApiObject = ApiObject> {
  /** Fills in defaulted fields, as the server does when it decodes a body. Must be idempotent. */
  defaults?(object: T): void
  /** True where `defaults` depends on nothing but the spec, and fills in nothing else. */
  defaultsSpecOnly?: boolean
  /**
   * By subresource, the fields of metadata that a write to it leaves as they are; all but managedFields with `all`. What is
   * not named can be changed by it too.
   */
  keptMetadata?: Readonly<Record<string, readonly string[] | 'all'>>
  prepareForCreate?(object: T, context: StrategyContext): void
  prepareForUpdate?(object: T, old: T, context: StrategyContext): void
  /** Changes an object that is marked as being deleted for the first time: finalizers and status of its own. */
  prepareForDelete?(object: T): void
  /** Loads the code that validating an object needs, where that is rare and large. */
  load?(object: T): Promise<void> | undefined
  /** All that is wrong, each with its field path; empty when all is well. `old` is there on update. */
  validate?(object: T, old: T | undefined, context: StrategyContext): readonly FieldError[]
  /** Warnings sent back in `Warning` headers. `specText` is the spec as JSON, where that is at hand. */
  warnings?(object: T, old: T | undefined, specText?: string): readonly string[]
  /** Rule for `metadata.name`; `subdomain` (RFC 1123 subdomain) where left out. */
  nameRule?: 'subdomain' | 'label' | 'label1035' | 'path-segment' | 'any'
  /** True where PUT of an object that is not there creates it. */
  allowCreateOnUpdate?: boolean
  /** False where an update without resourceVersion is refused. */
  allowUnconditionalUpdate?: boolean
  /** Keeps the status given at create (Node, Namespace finalizer kinds …). */
  keepStatusOnCreate?: boolean
  /**
   * Seconds a delete waits for the object's owner component to end it (Pod: terminationGracePeriodSeconds). Undefined or
   * 0: removed at once (finalizers apart).
   */
  gracePeriodSeconds?(object: T, requested: number | undefined): number | undefined
  /**
   * What becomes of dependents where a deletion does not say so: they are deleted too, unless this says `orphaned`. Objects
   * with `none` have no dependents, whatever a deletion says.
   */
  dependents?: 'orphaned' | 'none'
  /** What is told who deletes without saying what is to become of dependents. */
  orphanWarning?: string
  /** False where metadata.generation does not follow spec. By default it rises when anything but metadata and status changes. */
  hasGeneration?: boolean
}
