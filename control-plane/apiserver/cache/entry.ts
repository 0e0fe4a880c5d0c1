import { shareSpec } from '../../../api/meta/kept-spec.ts'
import type { ApiObject } from '../../../api/meta/object.ts'
import type { StoredDocument } from '../../../plugins/store.ts'
import {
  copyObject,
  copyWithoutManaged,
  parseDocument,
  parseWithoutManaged,
  type SpecRange,
} from './document.ts'
import { RecentObjects } from './recent-objects.ts'

/**
 * One object in a watch cache: its final JSON bytes, and the parsed object when somebody needs it. The parsed form is
 * held weakly (see also {@link RecentObjects}): it is several times as large as the bytes, and most objects are only ever
 * sent as they are.
 */
export class Entry implements StoredDocument {
  readonly key: string
  readonly revision: number
  readonly bytes: Buffer
  /** The store keeps it in a form of earlier times. */
  readonly isStale: boolean
  #specStart = 0
  #specEnd = 0
  #object: WeakRef<ApiObject> | undefined
  /** Of one that is being written, or was just now. */
  #held: ApiObject | undefined

  /** `spec` says where its spec is in the bytes, where this process wrote it. */
  constructor({ key, revision, bytes, isStale = false }: StoredDocument, spec?: SpecRange) {
    this.key = key
    this.revision = revision
    this.bytes = bytes
    this.isStale = isStale
    if (spec) {
      this.#specStart = spec.start
      this.#specEnd = spec.end
    }
  }

  /** What was written just now: the bytes and what they were made from, which must not be changed any more. */
  static written(document: StoredDocument, object: ApiObject, spec?: SpecRange): Entry {
    const entry = new Entry(document, spec)
    entry.#hold(object)
    return entry
  }

  /** The parsed object, for who is about to write another one in its place: soon nobody wants it any more. */
  get outgoing(): ApiObject {
    const known = this.#known
    if (known) return known
    const object = parseDocument(this.bytes, this.#spec)
    this.#hold(object)
    return object
  }

  #hold(object: ApiObject): void {
    close(object)
    this.#held = object
    recent.add(this)
  }

  /** Lets go of what was held. */
  forget(): void {
    this.#held = undefined
  }

  /** Its spec has all defaults: this process wrote it. */
  get isSettled(): boolean {
    return this.#specStart > 0
  }

  get #spec(): SpecRange | undefined {
    return this.#specStart > 0 ? { start: this.#specStart, end: this.#specEnd } : undefined
  }

  /** The parsed object, shared by all who ask: never change it. */
  get object(): ApiObject {
    let object = this.#known
    if (!object) {
      object = parseDocument(this.bytes, this.#spec)
      this.#remember(object)
    }
    return object
  }

  get #known(): ApiObject | undefined {
    return this.#held ?? this.#object?.deref()
  }

  #remember(object: ApiObject): void {
    close(object)
    this.#object = new WeakRef(object)
  }

  /** An object of the caller's own. */
  copy(): ApiObject {
    const object = this.#known
    return object ? copyObject(object) : parseDocument(this.bytes, this.#spec)
  }

  /** An object of the caller's own, without managedFields. */
  bareCopy(): ApiObject {
    const object = this.#known
    return object ? copyWithoutManaged(object) : parseWithoutManaged(this.bytes, this.#spec)
  }
}

const recent = new RecentObjects<Entry>()

/** From now on the object is everybody's. */
function close(object: ApiObject): void {
  shareSpec(object)
  if (FREEZE) deepFreeze(object)
}

/** Who changes a shared object finds out in tests and development. */
const FREEZE = process.env.NODE_ENV === 'test' || process.env.NODE_ENV === 'development'

function deepFreeze(value: unknown): void {
  if (typeof value !== 'object' || value === null) return
  Object.freeze(value)
  for (const member of Object.values(value)) deepFreeze(member)
}
