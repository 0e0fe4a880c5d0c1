import { type FieldSet, intersection, isEmpty } from '../../meta/managed-fields/field-set.ts'
import { isSameManager, type Manager, Owner } from '../../meta/managed-fields/owner.ts'
import { isSame } from '../../meta/patch/own.ts'
import { extractSet } from './extract.ts'
import { Comparisons, type Forms } from './forms.ts'
import { mergeValues } from './merge.ts'
import { pruneUnowned } from './prune.ts'
import { reconcileSet } from './reconcile.ts'

/** A configuration to be applied. */
export interface Configuration {
  forms: Forms
  /** The object as it is, in the manager's version. */
  live: object
  /** What the applier wants of it. */
  config: object
  manager: Manager
  /** Takes what others own. */
  force: boolean
  /** RFC 3339, whole seconds. */
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
  const { forms, live, config, manager, force, time } = request
  const type = forms.typeAt(manager.apiVersion)!
  const known = owners.flatMap(owner => reconciled(owner, request) ?? [])
  const mine = known.find(owner => isSameManager(owner, manager))
  const others = known.filter(owner => owner !== mine)
  const own = new Owner(manager, extractSet(type, config), mine?.time)
  const merged = mergeValues(type, live, config) as object
  const pruned = mine ? pruneUnowned({ forms, merged, last: mine, owners: [...others, own] }) : merged
  // Lists and maps that the configuration has empty may have gone with what was in them.
  const object = pruned === merged ? merged : (mergeValues(type, pruned, config) as object)
  const isSameObject = isSame(live, object)
  const comparisons = new Comparisons(forms, manager.apiVersion, live, object)
  const after = others.flatMap(owner => keptBy(owner, comparisons) ?? [])
  if (!isEmpty(own.fields)) after.push(isSameObject ? own : own.at(time))
  return {
    object: isSameObject ? live : object,
    owners: after,
    conflicts: force ? [] : others.flatMap(owner => conflictWith(owner, comparisons)),
  }
}

/** An owner as the present schema has its fields; undefined where its version is not served any more. */
function reconciled(owner: Owner, { forms }: Configuration): Owner | undefined {
  const type = forms.typeAt(owner.apiVersion)
  return type && owner.with(reconcileSet(type, owner.fields))
}

function keptBy(owner: Owner, comparisons: Comparisons): Owner | undefined {
  const comparison = comparisons.at(owner.apiVersion)
  return owner.without(comparison?.changed)?.without(comparison?.removed)
}

function conflictWith(owner: Owner, comparisons: Comparisons): Conflict[] {
  const changed = comparisons.at(owner.apiVersion)?.changed
  if (!changed || !owner.mayOwn(changed)) return []
  const fields = intersection(owner.fields, changed)
  return isEmpty(fields) ? [] : [{ owner, fields }]
}
