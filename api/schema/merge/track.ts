import { capUpdaters } from '../../meta/managed-fields/cap.ts'
import { isSameManager, type Manager, type Owner } from '../../meta/managed-fields/entries.ts'
import { difference, isEmpty, union } from '../../meta/managed-fields/field-set.ts'
import { type Comparison, compareValues } from './compare.ts'
import type { MergeType } from './merge-type.ts'

/** A write other than apply. */
export interface TrackedUpdate {
  /** Type of the object, with what is tracked (see {@link trackedType}). */
  type: MergeType
  /** The object before; nothing of it where it is new. */
  old: object
  object: object
  manager: Manager
  /** RFC 3339, whole seconds. */
  time: string
}

/**
 * Who owns what after an update: the writer what it added or changed, nobody what is gone, the others what was theirs and
 * is untouched. Gives back `owners` itself where nothing changed.
 * @throws MergeError where items of a list cannot be told apart
 */
export function trackUpdate(owners: readonly Owner[], update: TrackedUpdate): readonly Owner[] {
  const comparison = compareValues(update.type, update.old, update.object)
  return comparison ? afterUpdate(owners, comparison, update) : owners
}

function afterUpdate(
  owners: readonly Owner[],
  { changed, removed }: Comparison,
  { manager, time }: TrackedUpdate,
): readonly Owner[] {
  const result: Owner[] = []
  let isThere = false
  for (const owner of owners) {
    let fields = removed ? difference(owner.fields, removed) : owner.fields
    if (changed && isSameManager(owner, manager)) {
      isThere = true
      fields = union(fields, changed)
      result.push({ ...owner, apiVersion: manager.apiVersion, fields, time })
      continue
    }
    if (changed) fields = difference(fields, changed)
    if (!isEmpty(fields)) result.push(fields === owner.fields ? owner : { ...owner, fields })
  }
  if (changed && !isThere) result.push({ ...manager, fields: changed, time })
  return capUpdaters(result)
}
