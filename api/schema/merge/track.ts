import { capUpdaters } from '../../meta/managed-fields/cap.ts'
import { union } from '../../meta/managed-fields/field-set.ts'
import { isSameManager, type Manager, Owner } from '../../meta/managed-fields/owner.ts'
import type { Comparison } from './compare.ts'
import { Comparisons, type Forms } from './forms.ts'
import { createdText } from './present-text.ts'

/** A write other than apply. */
export interface TrackedUpdate {
  forms: Forms
  /** The object before, in the manager's version; one without members where it is new. */
  old: object
  object: object
  /** Stands for the spec of a new object, where others have the same one. */
  template?: object | undefined
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
  const { forms, old, object, template, manager, time } = update
  const type = forms.typeAt(manager.apiVersion)
  if (owners.length === 0 && type?.kind === 'map' && isNothing(old)) {
    const text = createdText(type, object, template)
    return text === '' ? owners : [new Owner(manager, text, time)]
  }
  const comparisons = new Comparisons(forms, manager.apiVersion, old, object)
  const comparison = comparisons.at(manager.apiVersion)
  return comparison ? capUpdaters(afterUpdate(owners, comparisons, comparison, update)) : owners
}

const isNothing = (object: object): boolean => {
  for (const _ in object) return false
  return true
}

function afterUpdate(
  owners: readonly Owner[],
  comparisons: Comparisons,
  { changed }: Comparison,
  { manager, time }: TrackedUpdate,
): Owner[] {
  const result: Owner[] = []
  let isThere = false
  for (const owner of owners) {
    // Of a version that is no longer served nobody can tell what the fields are.
    if (!comparisons.has(owner.apiVersion)) continue
    const comparison = comparisons.at(owner.apiVersion)
    const rest = owner.without(comparison?.removed)
    if (changed && isSameManager(owner, manager)) {
      isThere = true
      result.push(new Owner(manager, rest ? union(rest.fields, changed) : changed, time))
      continue
    }
    const kept = rest?.without(comparison?.changed)
    if (kept) result.push(kept)
  }
  if (changed && !isThere) result.push(new Owner(manager, changed, time))
  return result
}
