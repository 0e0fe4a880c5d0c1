import type { ApiObject } from '../../../api/meta/object.ts'
import { internalError, serviceUnavailable } from '../../../api/meta/status.ts'
import type { SchemaSet } from '../../../api/schema/schemas.ts'
import type { AdmissionAttributes, RequestOrigin } from '../../../plugins/admission.ts'
import { StoreError, type StorePlugin } from '../../../plugins/store.ts'
import type { UserInfo } from '../../auth/types.ts'
import type { Entry } from '../cache/entry.ts'
import type { Resource } from '../kind-registry.ts'

/** Runs all admission plugins over one write. */
export interface AdmissionChain {
  mutate(attributes: AdmissionAttributes): Promise<void>
  validate(attributes: AdmissionAttributes): Promise<void>
}

/** What the verbs work with. */
export interface Core {
  store: StorePlugin
  admission: AdmissionChain
  schemas: SchemaSet
}

/** Who writes and how. */
export interface WriteContext {
  user: UserInfo
  dryRun: boolean
  /** Who is recorded in managedFields; '' for writes that nobody is recorded for. */
  fieldManager: string
  /** Rejects with 403 where an update or patch turns out to be a create, and the user may not create. */
  authorizeCreate?(): Promise<void>
  /** Adds a `Warning` header to the answer. */
  warn(message: string): void
  /** The request behind the write; undefined for what the server writes by itself. */
  origin?: RequestOrigin
}

/** Names one object of a resource. */
export interface Target {
  namespace: string | undefined
  name: string
}

/** The answer to a write. */
export interface Written {
  entry: Entry
  isNew: boolean
}

export const keyOf = ({ namespace, name }: Target): string => (namespace ? `${namespace}/${name}` : name)

/** Runs a call to the store; that the store is away becomes 503 with Retry-After, what it cannot decrypt 500. */
export async function storeCall<T>(call: Promise<T>): Promise<T> {
  try {
    return await call
  } catch (error) {
    throw storeFailure(error)
  }
}

/** What a client is told of a failure of the store. */
export function storeFailure(error: unknown): unknown {
  if (!(error instanceof StoreError)) return error
  if (error.code === 'unreadable') return internalError(error.message)
  return serviceUnavailable(`the store is not available: ${error.message}`)
}

/** Admission's side effects of one write: taken back in reverse order if it fails, finished when it is stored. */
export class Effects {
  #undo: (() => Promise<void> | void)[] = []
  #done: (() => Promise<void> | void)[] = []

  /** What an admission plugin is told of a write. */
  attributes(
    resource: Resource,
    context: WriteContext,
    write: {
      operation: AdmissionAttributes['operation']
      target: Target
      subresource: string
      object: ApiObject | undefined
      oldObject: ApiObject | undefined
      /** As what the client sent it, where that is another resource. */
      form?: Resource | undefined
      isNameGenerated?: boolean
    },
  ): AdmissionAttributes {
    const { target, form, ...rest } = write
    return {
      ...rest,
      requested: form?.kind,
      origin: context.origin,
      kind: resource.kind,
      namespace: target.namespace,
      name: target.name,
      user: context.user,
      dryRun: context.dryRun,
      warn: context.warn,
      onFailure: undo => void this.#undo.push(undo),
      onSuccess: done => void this.#done.push(done),
    }
  }

  async undo(): Promise<void> {
    for (const undo of this.#undo.reverse()) await undo()
    this.#undo = []
  }

  async finish(): Promise<void> {
    for (const done of this.#done) await done()
  }
}
