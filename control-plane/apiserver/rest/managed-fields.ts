import { apiVersion, type KindDeclaration } from '../../../api/kinds/kind.ts'
import { FieldSetError } from '../../../api/meta/managed-fields/decode.ts'
import {
  decodeEntries,
  encodeEntries,
  type Manager,
  type Owner,
  ownersOf,
} from '../../../api/meta/managed-fields/entries.ts'
import { isSameSet } from '../../../api/meta/managed-fields/field-set.ts'
import type { ApiObject, ManagedFieldsEntry } from '../../../api/meta/object.ts'
import { isSame } from '../../../api/meta/patch/own.ts'
import { now } from '../../../api/meta/time.ts'
import { type MapType, MergeError } from '../../../api/schema/merge/merge-type.ts'
import { trackUpdate } from '../../../api/schema/merge/track.ts'
import { type Scope, trackedType } from '../../../api/schema/merge/tracked.ts'
import type { Resource } from '../kind-registry.ts'
import type { Core, WriteContext } from './core.ts'

/** One write as far as ownership goes. */
export interface OwnedWrite {
  subresource: string
  /** `metadata.managedFields` as the client gave it. */
  given: readonly ManagedFieldsEntry[] | undefined
  /** What is stored, undefined for a new object. */
  old: ApiObject | undefined
}

const NOTHING: object = Object.freeze({})

/** The type of a resource's objects, with what a request on a subresource may own of them. */
export function typeInScope(core: Core, { kind }: Resource, subresource: string): MapType {
  return trackedType(core.schemas.mergeTypes.get(kind.schema), scopeOf(kind, subresource))
}

function scopeOf({ subresources }: KindDeclaration, subresource: string): Scope {
  if (!subresources?.status) return 'all'
  if (subresource === 'status') return 'status'
  return subresource === '' ? 'main' : 'all'
}

export const managerOf = (
  { kind }: Resource,
  { fieldManager }: WriteContext,
  operation: Manager['operation'],
  subresource: string,
): Manager => ({
  manager: fieldManager || 'unknown',
  operation,
  apiVersion: apiVersion(kind),
  subresource: subresource || undefined,
})

/**
 * Writes into `object.metadata.managedFields` who owns what after a create or update (upstream's UpdateNoErrors: where that
 * cannot be found out, nobody owns anything).
 */
export function recordOwners(
  core: Core,
  resource: Resource,
  object: ApiObject,
  write: OwnedWrite,
  context: WriteContext,
): void {
  const entries = entriesAfter(core, resource, object, write, context)
  if (entries.length > 0) object.metadata.managedFields = entries as ManagedFieldsEntry[]
  else delete object.metadata.managedFields
}

function entriesAfter(
  core: Core,
  resource: Resource,
  object: ApiObject,
  write: OwnedWrite,
  context: WriteContext,
): readonly ManagedFieldsEntry[] {
  const { old, subresource } = write
  const { owners, entries } = ownersBefore(write)
  // An object without managedFields stays so until somebody applies to it.
  if (!context.fieldManager || (old && owners.length === 0)) return entries
  try {
    const after = trackUpdate(owners, {
      type: typeInScope(core, resource, subresource),
      old: old ?? NOTHING,
      object,
      manager: managerOf(resource, context, 'Update', subresource),
      time: now(),
    })
    return after === owners ? entries : encodeEntries(after)
  } catch (error) {
    if (error instanceof MergeError) return []
    throw error
  }
}

interface Before {
  owners: readonly Owner[]
  entries: readonly ManagedFieldsEntry[]
}

const NONE: Before = { owners: [], entries: [] }

/** The owners to start from: a client may write managedFields, but nothing invalid, and not by a subresource. */
function ownersBefore({ given, old, subresource }: OwnedWrite): Before {
  const stored = old?.metadata.managedFields ?? []
  const live = (): Before => ({ owners: ownersOf(stored), entries: stored })
  if (subresource || given === undefined || given === stored) return live()
  if (isReset(given)) return NONE
  if (isSame(given, stored)) return live()
  try {
    const owners = decodeEntries(given)
    return owners.length > 0 ? { owners, entries: encodeEntries(owners) } : live()
  } catch (error) {
    if (error instanceof FieldSetError) return live()
    throw error
  }
}

/** `[]` or `[{}]`: the way to give up the record. */
const isReset = (given: readonly ManagedFieldsEntry[]): boolean =>
  given.length === 0 || (given.length === 1 && isSame(given[0], {}))

/**
 * Whether two records differ in nothing but times: then a write that changes nothing else is none.
 */
export function isSameButTimes(
  a: readonly ManagedFieldsEntry[] | undefined,
  b: readonly ManagedFieldsEntry[] | undefined,
): boolean {
  if (a === b) return true
  if (a?.length !== b?.length) return false
  const [left, right] = [ownersOf(a), ownersOf(b)]
  return left.every(owner => right.some(other => isSameRecord(owner, other)))
}

const isSameRecord = (a: Owner, b: Owner): boolean =>
  a.manager === b.manager &&
  a.operation === b.operation &&
  a.apiVersion === b.apiVersion &&
  a.subresource === b.subresource &&
  isSameSet(a.fields, b.fields)
