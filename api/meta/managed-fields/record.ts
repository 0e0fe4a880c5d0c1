import type { ManagedFieldsEntry, ObjectMeta } from '../object.ts'
import { FieldSetError } from './decode.ts'
import { decodeEntries } from './entries.ts'
import { Owner } from './owner.ts'

const NEXT = ',{"manager":'

/**
 * All that `metadata.managedFields` says. It is as large as the rest of an object, and few ask for it: it stays the text it
 * is stored as, and only what a write touches is read.
 */
export class ManagedRecord {
  static readonly EMPTY = new ManagedRecord([])
  #owners: readonly Owner[] | undefined
  #text: string | (() => string) | undefined

  private constructor(owners: readonly Owner[] | undefined, text?: () => string) {
    this.#owners = owners
    this.#text = text
  }

  /** Of owners in any order. */
  static of(owners: readonly Owner[]): ManagedRecord {
    return owners.length === 0 ? ManagedRecord.EMPTY : new ManagedRecord([...owners].sort(compareOwners))
  }

  /** Of what {@link ManagedRecord.text} gave; `read` is called when it is needed. */
  static read(read: () => string): ManagedRecord {
    return new ManagedRecord(undefined, read)
  }

  /** In upstream's order: appliers first, then by time, then by name. */
  get owners(): readonly Owner[] {
    this.#owners ??= splitEntries(this.text).map(Owner.read)
    return this.#owners
  }

  /** The list as JSON. */
  get text(): string {
    if (typeof this.#text === 'function') this.#text = this.#text()
    this.#text ??= `[${this.#owners!.map(({ text }) => text).join(',')}]`
    return this.#text
  }

  get isEmpty(): boolean {
    return this === ManagedRecord.EMPTY || this.owners.length === 0
  }

  /** The list anew, for whoever asks. */
  entries(): ManagedFieldsEntry[] {
    return JSON.parse(this.text)
  }

  /** Whether both say the same, except for when it was written. */
  isSameButTimes(other: ManagedRecord): boolean {
    if (this === other) return true
    const [mine, others] = [this.owners, other.owners]
    if (mine.length !== others.length) return false
    return mine.every(owner => others.some(candidate => isSameOwner(owner, candidate)))
  }
}

/** Only between entries an object begins with its manager: fields begin with `f:` and the like. */
function splitEntries(text: string): string[] {
  const inner = text.slice(1, -1)
  if (inner === '') return []
  return inner.split(NEXT).map((part, i) => (i === 0 ? part : `${NEXT.slice(1)}${part}`))
}

const isSameOwner = (a: Owner, b: Owner): boolean =>
  a.manager === b.manager &&
  a.operation === b.operation &&
  a.apiVersion === b.apiVersion &&
  a.subresource === b.subresource &&
  a.ownsSame(b)

const compareText = (a = '', b = ''): number => (a < b ? -1 : a > b ? 1 : 0)

/** Times are all in one form, so their texts are in order. */
const compareOwners = (a: Owner, b: Owner): number =>
  compareText(a.operation, b.operation) ||
  compareText(a.time, b.time) ||
  compareText(a.manager, b.manager) ||
  compareText(a.apiVersion, b.apiVersion) ||
  compareText(a.subresource, b.subresource)

const RECORD = Symbol('managedFields')

type Recorded = ObjectMeta & { [RECORD]?: ManagedRecord; entries?: ManagedFieldsEntry[] }

/** Properties that stand for a record: `managedFields` is made when somebody looks. */
const ACCESSOR: PropertyDescriptor & ThisType<Recorded> = {
  enumerable: true,
  configurable: true,
  get() {
    return entriesOf(this[RECORD]!)
  },
  set(entries: ManagedFieldsEntry[]) {
    Object.defineProperty(this, 'managedFields', { ...PLAIN, value: entries })
    Object.defineProperty(this, RECORD, { ...PLAIN, enumerable: false, value: undefined })
  },
}

const PLAIN = { writable: true, enumerable: true, configurable: true }

const made = new WeakMap<ManagedRecord, ManagedFieldsEntry[]>()

function entriesOf(record: ManagedRecord): ManagedFieldsEntry[] {
  const known = made.get(record)
  if (known) return known
  const entries = record.entries()
  made.set(record, entries)
  return entries
}

/** Gives metadata a record: `managedFields` is there for all who look, and made only then. */
export function attachRecord(metadata: ObjectMeta, record: ManagedRecord): void {
  if (record.isEmpty) {
    detachRecord(metadata)
    return
  }
  Object.defineProperty(metadata, 'managedFields', ACCESSOR)
  Object.defineProperty(metadata, RECORD, { ...PLAIN, enumerable: false, value: record })
}

/** Takes managedFields away, in whatever form they are. */
export function detachRecord(metadata: ObjectMeta): void {
  const recorded = metadata as Recorded
  if (recorded[RECORD]) delete recorded[RECORD]
  delete recorded.managedFields
}

/** The record that metadata was given, undefined where `managedFields` is what a client sent, or nothing. */
export const attachedRecord = (metadata: ObjectMeta): ManagedRecord | undefined =>
  (metadata as Recorded)[RECORD]

/** The record of metadata in either form; what cannot be read is nobody's. */
export function recordOf(metadata: ObjectMeta): ManagedRecord {
  const attached = attachedRecord(metadata)
  if (attached) return attached
  if (!metadata.managedFields) return ManagedRecord.EMPTY
  try {
    return ManagedRecord.of(decodeEntries(metadata.managedFields))
  } catch (error) {
    if (error instanceof FieldSetError) return ManagedRecord.EMPTY
    throw error
  }
}
