import { apiVersion, type KindDeclaration } from '../../../api/kinds/kind.ts'
import { FieldSetError } from '../../../api/meta/managed-fields/decode.ts'
import { decodeEntries } from '../../../api/meta/managed-fields/entries.ts'
import type { Manager, Owner } from '../../../api/meta/managed-fields/owner.ts'
import {
  attachedRecord,
  attachRecord,
  ManagedRecord,
  recordOf,
} from '../../../api/meta/managed-fields/record.ts'
import type { ApiObject, ManagedFieldsEntry } from '../../../api/meta/object.ts'
import { isSame } from '../../../api/meta/patch/own.ts'
import { type FieldError, invalid, tooLong } from '../../../api/meta/status.ts'
import { now } from '../../../api/meta/time.ts'
import type { Forms } from '../../../api/schema/merge/forms.ts'
import { MergeError } from '../../../api/schema/merge/merge-type.ts'
import { trackUpdate } from '../../../api/schema/merge/track.ts'
import { type Scope, trackedType } from '../../../api/schema/merge/tracked.ts'
import type { Resource } from '../kind-registry.ts'
import { ConversionFailed, Conversions, settled } from './conversions.ts'
import type { Core, WriteContext } from './core.ts'
import { convertForm, formAt } from './storage.ts'

/** One write as far as ownership goes. */
export interface OwnedWrite {
  subresource: string
  /** What is stored, undefined for a new object. */
  old: ApiObject | undefined
  /** The version the client wrote in, where it is not the one that is stored. */
  form?: Resource | undefined
  /** Stands for the spec of a new object, where others have the same one. */
  template?: object | undefined
}

const NOTHING: object = Object.freeze({})

/** Conversions of one write to a resource whose versions a webhook tells apart. */
export const conversionsOf = ({ convert }: Resource): Conversions | undefined =>
  convert && new Conversions(convert)

/** The versions of a resource's objects, with what a request on a subresource may own of them. */
export function formsOf(
  core: Core,
  resource: Resource,
  subresource: string,
  conversions?: Conversions,
): Forms {
  return {
    typeAt(version) {
      const kind = formAt(resource, version)?.kind
      return kind && trackedType(core.schemas.mergeTypes.get(kind.schema), scopeOf(kind, subresource))
    },
    convert: (object, from, to) =>
      conversions && from !== to
        ? conversions.of(object as ApiObject, to)
        : convertForm(resource, object as ApiObject, from, to),
  }
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
 * cannot be found out, nobody owns anything). To be waited for where a webhook has to tell what fields are in other versions.
 */
export function recordOwners(
  core: Core,
  resource: Resource,
  object: ApiObject,
  write: OwnedWrite,
  context: WriteContext,
): void | Promise<void> {
  const conversions = conversionsOf(resource)
  const record = (): void =>
    attachRecord(object.metadata, recordAfter(core, resource, object, write, context, conversions))
  return conversions ? settled(record) : record()
}

function recordAfter(
  core: Core,
  resource: Resource,
  object: ApiObject,
  write: OwnedWrite,
  context: WriteContext,
  conversions: Conversions | undefined,
): ManagedRecord {
  const { old, subresource, form = resource } = write
  const before = recordBefore(resource, object, write)
  // An object without managedFields stays so until somebody applies to it.
  if (!context.fieldManager || (old && before.isEmpty)) return before
  try {
    const { owners } = before
    const manager = managerOf(form, context, 'Update', subresource)
    const after = trackUpdate(owners, {
      forms: formsOf(core, resource, subresource, conversions),
      old: old ? inForm(resource, form, old) : NOTHING,
      object: inForm(resource, form, object),
      template: write.template,
      manager,
      time: now(),
    })
    return after === owners ? before : ManagedRecord.of(after)
  } catch (error) {
    if (error instanceof MergeError || error instanceof ConversionFailed) return ManagedRecord.EMPTY
    throw error
  }
}

const inForm = (resource: Resource, form: Resource, object: ApiObject): ApiObject =>
  form === resource ? object : convertForm(resource, object, apiVersion(resource.kind), apiVersion(form.kind))

/** What to start from: a client may write managedFields, but nothing invalid, and not by a subresource. */
function recordBefore(
  { kind }: Resource,
  { metadata }: ApiObject,
  { old, subresource }: OwnedWrite,
): ManagedRecord {
  const stored = old ? recordOf(old.metadata) : ManagedRecord.EMPTY
  const given = attachedRecord(metadata) ? undefined : metadata.managedFields
  if (subresource || given === undefined) return stored
  if (isReset(given)) return ManagedRecord.EMPTY
  if (!stored.isEmpty && JSON.stringify(given) === stored.text) return stored
  try {
    const owners = decodeEntries(given)
    const faults = owners.flatMap(validateOwner)
    if (faults.length > 0) throw invalid(kind, metadata.name, faults)
    return owners.length > 0 ? ManagedRecord.of(owners) : stored
  } catch (error) {
    if (error instanceof FieldSetError) return stored
    throw error
  }
}

const LONGEST_MANAGER = 128
const LONGEST_SUBRESOURCE = 256

/** What is wrong with an entry that a client wrote and that can be read. */
function validateOwner({ manager, subresource = '' }: Owner, index: number): FieldError[] {
  const path = `metadata.managedFields[${index}]`
  return [
    ...(Buffer.byteLength(manager) > LONGEST_MANAGER
      ? [tooLong(`${path}.manager`, '', LONGEST_MANAGER)]
      : []),
    ...(Buffer.byteLength(subresource) > LONGEST_SUBRESOURCE
      ? [tooLong(`${path}.subresource`, '', LONGEST_SUBRESOURCE)]
      : []),
  ]
}

/** `[]` or `[{}]`: the way to give up the record. */
const isReset = (given: readonly ManagedFieldsEntry[]): boolean =>
  given.length === 0 || (given.length === 1 && isSame(given[0], {}))
