import type { ManagedFieldsEntry } from '../object.ts'
import { isMap } from '../patch/own.ts'
import { decodeFieldSet, FieldSetError } from './decode.ts'
import { type FieldSet, LEAF } from './field-set.ts'

/** One writer: entries that agree in this are one. Appliers are the same in every version. */
export interface Manager {
  manager: string
  operation: 'Apply' | 'Update'
  /** Version of the API that the fields are paths in. */
  apiVersion: string
  subresource?: string | undefined
}

/** What a writer owns. */
export interface Owner extends Manager {
  fields: FieldSet
  time?: string | undefined
}

/** Whether two are the same writer. */
export function isSameManager(a: Manager, b: Manager): boolean {
  return (
    a.manager === b.manager &&
    a.operation === b.operation &&
    (a.subresource ?? '') === (b.subresource ?? '') &&
    (a.operation === 'Apply' || a.apiVersion === b.apiVersion)
  )
}

/** Owners of entries as the server stores them: their sets are canonical. */
export function ownersOf(entries: readonly ManagedFieldsEntry[] = []): Owner[] {
  return entries.map(({ manager = '', operation, apiVersion = '', subresource, time, fieldsV1 }) => ({
    manager,
    operation: operation!,
    apiVersion,
    subresource,
    time,
    fields: (fieldsV1 as FieldSet | undefined) ?? LEAF,
  }))
}

/**
 * Reads entries that a client gave.
 * @throws FieldSetError where one is not as it must be
 */
export function decodeEntries(entries: unknown): Owner[] {
  if (!Array.isArray(entries)) throw new FieldSetError('managedFields is not a list')
  const owners = entries.map(decodeEntry)
  // The last of several entries of one writer counts.
  return owners.filter((owner, i) => !owners.slice(i + 1).some(later => isSameManager(owner, later)))
}

function decodeEntry(entry: unknown, index: number): Owner {
  if (!isMap(entry)) throw new FieldSetError(`managedFields entry ${index} is not an object`)
  const { operation, apiVersion, fieldsType, fieldsV1, manager = '', subresource, time } = entry
  if (operation !== 'Apply' && operation !== 'Update') {
    throw new FieldSetError('operation must be `Apply` or `Update`')
  }
  if (typeof apiVersion !== 'string' || apiVersion === '')
    throw new FieldSetError('apiVersion must not be empty')
  if (fieldsType === undefined || fieldsType === '')
    throw new FieldSetError(`missing fieldsType in managed fields entry ${index}`)
  if (fieldsType !== 'FieldsV1')
    throw new FieldSetError(
      `invalid fieldsType ${JSON.stringify(fieldsType)} in managed fields entry ${index}`,
    )
  return {
    manager: String(manager),
    operation,
    apiVersion,
    subresource: subresource === undefined || subresource === '' ? undefined : String(subresource),
    time: time === undefined || time === null ? undefined : String(time),
    fields: decodeFieldSet(fieldsV1),
  }
}

/** Entries as they are stored, in upstream's order: appliers first, then by time, then by name. */
export function encodeEntries(owners: readonly Owner[]): ManagedFieldsEntry[] {
  return [...owners].sort(compareOwners).map(encodeEntry)
}

export const encodeEntry = (owner: Owner): ManagedFieldsEntry => ({
  ...(owner.manager && { manager: owner.manager }),
  operation: owner.operation,
  apiVersion: owner.apiVersion,
  ...(owner.time && { time: owner.time }),
  fieldsType: 'FieldsV1',
  fieldsV1: owner.fields as Record<string, unknown>,
  ...(owner.subresource && { subresource: owner.subresource }),
})

const compareText = (a = '', b = ''): number => (a < b ? -1 : a > b ? 1 : 0)

/** Times are all in one form, so their texts are in order. */
const compareOwners = (a: Owner, b: Owner): number =>
  compareText(a.operation, b.operation) ||
  compareText(a.time, b.time) ||
  compareText(a.manager, b.manager) ||
  compareText(a.apiVersion, b.apiVersion) ||
  compareText(a.subresource, b.subresource)
