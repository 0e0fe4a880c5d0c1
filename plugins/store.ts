/**
 * The seam under the API server: where objects are kept. The built-in store is Redis (`control-plane/store`); another
 * one is a plugin of type `store` whose `start` returns a {@link StorePlugin}.
 *
 * A store knows nothing of kinds. It keeps, for each *type* (a name such as `pods` or `deployments.apps`), documents
 * under keys (`namespace/name`, or `name`), counts the type's writes in one *revision*, and tells of every write in the
 * order of revisions. What it must promise:
 *
 * - Revisions of a type start at 1 (nothing written yet) and rise by exactly one with each write, deletions included.
 *   They never go back, not over restarts either. Where the store cannot know whether followers saw more than it has
 *   (after a fail-over, a backup that was restored), they leap forward, which is to followers as a log that was trimmed.
 * - A write happens only if the document's revision is still the expected one, atomically with its revision and its
 *   entry in the log of changes.
 * - A write that was answered survives a crash of the store's own processes at any moment.
 * - Changes arrive complete, in order, once each. What is no longer in the log is said to be gone, never skipped.
 *
 * Calls reject with {@link StoreError}: `unavailable` when the store could not answer before its deadline (the outcome
 * of a write is then unknown), `expired` when changes asked for are no longer in the log.
 */

/**
 * A document on its way into the store: the serialized object with its revision left out. The store puts the decimal
 * digits of the revision it gives between the two parts, so that what is stored is what clients are sent. `head` ends
 * with {@link REVISION_MARK}, which occurs nowhere before; so a document's revision can be read from its bytes.
 */
export interface Document {
  head: string
  tail: Buffer
}

/** What stands before the digits of the revision in every document. */
export const REVISION_MARK = '"resourceVersion":"'

/** A document as it is kept. `bytes` is `head + revision + tail` and must not be changed. */
export interface StoredDocument {
  key: string
  /** The revision that wrote it. */
  revision: number
  bytes: Buffer
  /** Kept in a form that is no longer the configured one: an update writes it anew even if it changes nothing. */
  isStale?: boolean
}

/** All documents of a type as they were at `revision`, in no particular order. */
export interface Snapshot {
  revision: number
  documents: StoredDocument[]
}

/** One write. Of a deleted document `bytes` is the last state with the revision of the deletion in it. */
export interface Change extends StoredDocument {
  type: 'created' | 'updated' | 'deleted'
}

/** How a conditional write went. `current` is what is there instead of what was expected, undefined for nothing. */
export type WriteResult =
  | { ok: true; revision: number; bytes: Buffer }
  | { ok: false; current: StoredDocument | undefined }

/** Called with the changes of one type, in order. Must not throw. */
export interface ChangeListener {
  changes(batch: Change[]): void
  /** The log no longer holds the next change: start anew from a snapshot. The subscription has ended. */
  lost(): void
}

export interface StorePlugin {
  readonly name: string

  /** One document as it is now: linearizable, never an older state than one that was answered before. */
  get(type: string, key: string): Promise<StoredDocument | undefined>

  /** All documents of a type and their revision, at one moment. */
  snapshot(type: string): Promise<Snapshot>

  /** The type's revision now (linearizable). Concurrent calls may share one answer. */
  revision(type: string): Promise<number>

  /** Writes if the document's revision is `expected`; 0 stands for "is not there". */
  put(type: string, key: string, expected: number, document: Document): Promise<WriteResult>

  /** Deletes if the document's revision is `expected`. The answer's bytes are those of the change. */
  delete(type: string, key: string, expected: number): Promise<WriteResult>

  /**
   * A page of the log: at most `limit` changes with revisions above `after`, oldest first. Rejects with `expired` when
   * the change `after + 1` was made and is no longer there.
   */
  log(type: string, after: number, limit: number): Promise<Change[]>

  /**
   * Delivers all changes above `after` and then every further one as it happens, over reconnections, until the returned
   * function is called. Cheap: all subscriptions of a process should share one connection.
   */
  subscribe(type: string, after: number, listener: ChangeListener): () => void

  /**
   * All types that were ever written, with their revisions; of one moment where the store can say that. Needed for
   * backups.
   */
  types?(): Promise<Map<string, number>>

  /** Lets the revisions of a type go on at least at the given one; its log ends there. Needed to restore a backup. */
  advance?(type: string, revision: number): Promise<void>

  /** Bytes that the store takes up on its disk, or in memory where it has none. For metrics. */
  size?(): Promise<number>

  /** Forgets a type with all its documents and its log (a custom resource that was taken away). */
  drop(type: string): Promise<void>

  /** Resolves when the store answers; rejects with `unavailable` otherwise. For readiness checks. */
  ping(): Promise<void>

  close(): Promise<void>
}

/** Why a store could not do what it was asked: see the top of this file; `unreadable` is what cannot be decrypted. */
export class StoreError extends Error {
  readonly code: 'unavailable' | 'expired' | 'unreadable'

  /** Told by its name: a plugin may have loaded this file on its own. */
  static override [Symbol.hasInstance](value: unknown): boolean {
    return value instanceof Error && value.name === 'StoreError'
  }

  constructor(code: StoreError['code'], message: string, options?: ErrorOptions) {
    super(message, options)
    this.name = 'StoreError'
    this.code = code
  }
}
