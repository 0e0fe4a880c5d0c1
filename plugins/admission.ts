import type { KindDeclaration } from '../api/kinds/kind.ts'
import type { ApiObject } from '../api/meta/object.ts'

/** One write on its way to the store (admission/v1 AdmissionRequest in short). */
export interface AdmissionAttributes {
  operation: 'CREATE' | 'UPDATE' | 'DELETE' | 'CONNECT'
  kind: KindDeclaration
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
  mutate?(attributes: AdmissionAttributes): Promise<void> | void
  validate?(attributes: AdmissionAttributes): Promise<void> | void
}
