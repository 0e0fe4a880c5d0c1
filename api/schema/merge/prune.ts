import {
  difference,
  type FieldSet,
  intersection,
  isEmpty,
  LEAF,
  union,
} from '../../meta/managed-fields/field-set.ts'
import type { Owner } from '../../meta/managed-fields/owner.ts'
import { extractSet } from './extract.ts'
import type { Forms } from './forms.ts'
import type { MergeType } from './merge-type.ts'
import { withNamedFields } from './named-fields.ts'
import { removeItems } from './remove-items.ts'

/** What an applier's fields are compared with. */
export interface Pruning {
  forms: Forms
  /** The object with the configuration laid over it, in the version of the last of {@link Pruning.owners}. */
  merged: object
  /** The applier as it was before. */
  last: Owner
  /** All owners; the applier as it is now is the last one. */
  owners: readonly Owner[]
}

/** Takes out of an object what its applier had applied before, does not apply any more, and nobody else owns. */
export function pruneUnowned({ forms, merged, last, owners }: Pruning): object {
  const { apiVersion } = owners.at(-1)!
  if (isEmpty(difference(last.fields, ownedAt(owners, last.apiVersion)))) return merged
  const before = forms.convert(merged, apiVersion, last.apiVersion)
  const type = forms.typeAt(last.apiVersion)!
  const lastNamed = withNamedFields(type, last.fields)
  let pruned = without(type, before, lastNamed)
  // What went with its parent is put back where somebody owns it, in whatever version …
  for (const version of versionsOf(owners, last.apiVersion)) {
    const [whole, part] = [before, pruned].map(object => forms.convert(object, last.apiVersion, version))
    const kept = putBack(forms.typeAt(version)!, whole!, part!, ownedAt(owners, version))
    pruned = forms.convert(kept, version, last.apiVersion)
  }
  // … and so is what the applier never owned.
  const gone = difference(namedSet(type, before), namedSet(type, pruned))
  const result = without(type, before, intersection(gone, lastNamed))
  return forms.convert(result, last.apiVersion, apiVersion)
}

/** An object that nothing is left of is an empty one. */
const without = (type: MergeType, object: object, set: FieldSet): object =>
  (removeItems(type, object, set) ?? {}) as object

const ownedAt = (owners: readonly Owner[], apiVersion: string): FieldSet =>
  owners.reduce<FieldSet>(
    (all, owner) => (owner.apiVersion === apiVersion ? union(all, owner.fields) : all),
    LEAF,
  )

/** Versions that somebody owns something in, the given one first. */
const versionsOf = (owners: readonly Owner[], first: string): Set<string> =>
  new Set([first, ...owners.map(({ apiVersion }) => apiVersion)])

const namedSet = (type: MergeType, object: object): FieldSet =>
  withNamedFields(type, extractSet(type, object))

/** The whole object without what the part does not have and nobody owns. */
function putBack(type: MergeType, whole: object, part: object, owned: FieldSet): object {
  const wanted = union(namedSet(type, part), withNamedFields(type, owned))
  return without(type, whole, difference(namedSet(type, whole), wanted))
}
