import { isSameManager, type Manager, type Owner } from '../../meta/managed-fields/entries.ts'
import {
  difference,
  type FieldSet,
  intersection,
  isEmpty,
  LEAF,
} from '../../meta/managed-fields/field-set.ts'
import { isSame } from '../../meta/patch/own.ts'
import { compareValues } from './compare.ts'
import { extractSet } from './extract.ts'
import { mergeValues } from './merge.ts'
import type { MergeType } from './merge-type.ts'
import { pruneUnowned } from './prune.ts'

/** A configuration to be applied. */
export interface Configuration {
  /** Type of the object, with what is tracked (see {@link trackedType}). */
  type: MergeType
  /** The object as it is. */
  live: object
  /** What the applier wants of it. */
  config: object
  manager: Manager
  /** Takes what others own. */
  force: boolean
  time: string
}

/** What another owns and the applier wants to be different. */
export interface Conflict {
  owner: Owner
  fields: FieldSet
}

export interface Applied {
  /** The live object itself where nothing changed; else new, sharing parts with it and the configuration. */
  object: object
  owners: readonly Owner[]
  /** Not empty where the configuration was not forced and takes from others: then it must not be stored. */
  conflicts: readonly Conflict[]
}

/**
 * Applies a configuration: lays it over the object, takes out what the applier no longer wants and nobody else owns, and
 * says who owns what then.
 * @throws MergeError where items of a list cannot be told apart
 */
export function applyConfiguration(owners: readonly Owner[], request: Configuration): Applied {
  const { type, live, config, manager, force, time } = request
  const mine = owners.find(owner => isSameManager(owner, manager))
  const others = owners.filter(owner => owner !== mine)
  const own: Owner = { ...manager, fields: extractSet(type, config), time: mine?.time }
  const merged = mergeValues(type, live, config)
  const object = mine ? pruneUnowned(type, merged, mine.fields, [...others, own]) : merged
  const { changed = LEAF, removed = LEAF } = compareValues(type, live, object) ?? {}
  const conflicts = others
    .map(owner => ({ owner, fields: intersection(owner.fields, changed) }))
    .filter(({ fields }) => !isEmpty(fields))
  const isSameObject = isSame(live, object)
  const rest = others.map(owner => without(owner, changed, removed))
  const after = [...rest, isSameObject ? own : { ...own, time }].filter(({ fields }) => !isEmpty(fields))
  return {
    object: isSameObject ? live : (object as object),
    owners: after,
    conflicts: force ? [] : conflicts,
  }
}

function without(owner: Owner, changed: FieldSet, removed: FieldSet): Owner {
  const fields = difference(difference(owner.fields, changed), removed)
  return fields === owner.fields ? owner : { ...owner, fields }
}
