import { isMap } from '../patch/own.ts'
import { decodeFieldSet, FieldSetError } from './decode.ts'
import { isSameManager, Owner } from './owner.ts'

/**
 * Reads entries of managedFields that a client gave.
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
  if (typeof apiVersion !== 'string' || apiVersion === '') {
    throw new FieldSetError('apiVersion must not be empty')
  }
  if (fieldsType === undefined || fieldsType === '') {
    throw new FieldSetError(`missing fieldsType in managed fields entry ${index}`)
  }
  if (fieldsType !== 'FieldsV1') {
    throw new FieldSetError(
      `invalid fieldsType ${JSON.stringify(fieldsType)} in managed fields entry ${index}`,
    )
  }
  const who = { manager: String(manager), operation, apiVersion, subresource: textOf(subresource) } as const
  return new Owner(who, decodeFieldSet(fieldsV1), textOf(time))
}

const textOf = (value: unknown): string | undefined =>
  value === undefined || value === null || value === '' ? undefined : String(value)
