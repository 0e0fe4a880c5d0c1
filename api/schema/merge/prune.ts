import type { Owner } from '../../meta/managed-fields/entries.ts'
import {
  difference,
  type FieldSet,
  intersection,
  isEmpty,
  LEAF,
  union,
} from '../../meta/managed-fields/field-set.ts'
import { extractSet } from './extract.ts'
import type { MergeType } from './merge-type.ts'
import { withNamedFields } from './named-fields.ts'
import { removeItems } from './remove-items.ts'

/**
 * Takes out of a merged object what its applier had applied before, does not apply any more, and nobody else owns.
 * @param last what the applier owned before
 * @param owners all owners, the applier with what it owns now among them
 */
export function pruneUnowned(
  type: MergeType,
  merged: unknown,
  last: FieldSet,
  owners: readonly Owner[],
): unknown {
  const owned = owners.reduce<FieldSet>((all, { fields }) => union(all, fields), LEAF)
  if (isEmpty(difference(last, owned))) return merged
  const named = (set: FieldSet) => withNamedFields(type, set)
  const present = named(extractSet(type, merged))
  const lastNamed = named(last)
  // What goes with its parent is put back where somebody else owns it …
  const kept = named(extractSet(type, removeItems(type, merged, lastNamed)))
  const unowned = difference(present, union(kept, named(owned)))
  const pruned = removeItems(type, merged, unowned)
  // … and so is what the applier never owned.
  const gone = difference(present, named(extractSet(type, pruned)))
  return removeItems(type, merged, intersection(gone, lastNamed))
}
