import { isDeepStrictEqual } from 'node:util'
import type { CustomNames, CustomResourceDefinition } from '../../../api/kinds/apiextensions.ts'
import type { Condition } from '../../../api/meta/object.ts'
import { approvalCondition } from './approval.ts'
import { findCondition, withCondition } from './conditions.ts'

type Status = NonNullable<CustomResourceDefinition['status']>

interface Conflict {
  reason: string
  message: string
}

/**
 * The status of a definition by the names that others of its group hold: which names it gets, and whether it is
 * established.
 */
export function statusOf(
  definition: CustomResourceDefinition,
  others: readonly CustomResourceDefinition[],
  now: Date,
): Status {
  const { acceptedNames, conflict } = acceptNames(definition, others)
  const before = definition.status?.conditions ?? []
  let conditions = withCondition(
    before,
    conflict
      ? { type: 'NamesAccepted', status: 'False', ...conflict }
      : { type: 'NamesAccepted', status: 'True', reason: 'NoConflicts', message: 'no conflicts found' },
    now,
  )
  const established = establishedCondition(definition, conflict)
  if (established) conditions = withCondition(conditions, established, now)
  const approval = approvalCondition(definition)
  if (approval) conditions = withCondition(conditions, approval, now)
  return { ...definition.status, acceptedNames, conditions }
}

/** Once established, a definition stays so. */
function establishedCondition(
  definition: CustomResourceDefinition,
  conflict: Conflict | undefined,
): (Condition & { type: 'Established' }) | undefined {
  if (findCondition(definition, 'Established')?.status === 'True') return undefined
  const type = 'Established'
  if (conflict) return { type, status: 'False', reason: 'NotAccepted', message: 'not all names are accepted' }
  const message = 'the initial names have been accepted'
  return { type, status: 'True', reason: 'InitialNamesAccepted', message }
}

function acceptNames(
  { spec, status }: CustomResourceDefinition,
  others: readonly CustomResourceDefinition[],
): { acceptedNames: CustomNames; conflict: Conflict | undefined } {
  const taken = namesOf(others)
  const wanted = spec.names
  const held: Partial<CustomNames> = status?.acceptedNames ?? {}
  const names: CustomNames = { plural: held.plural ?? '', kind: held.kind ?? '', ...held }
  let conflict: Conflict | undefined
  const take = (field: 'plural' | 'singular' | 'kind' | 'listKind', used: Set<string>, reason: string) => {
    const name = wanted[field]
    if (!name) return
    if (name !== held[field] && used.has(name)) conflict = { reason, message: inUse(name) }
    else names[field] = name
  }
  take('plural', taken.resources, 'PluralConflict')
  take('singular', taken.resources, 'SingularConflict')
  const shortConflict = takeShortNames(wanted, held, names, taken.resources)
  if (shortConflict) conflict = shortConflict
  take('kind', taken.kinds, 'KindConflict')
  take('listKind', taken.kinds, 'ListKindConflict')
  if (wanted.categories) names.categories = wanted.categories
  else delete names.categories
  return { acceptedNames: names, conflict }
}

const inUse = (name: string): string => `${JSON.stringify(name)} is already in use`

function takeShortNames(
  wanted: CustomNames,
  held: Partial<CustomNames>,
  names: CustomNames,
  taken: Set<string>,
): Conflict | undefined {
  if (isDeepStrictEqual(wanted.shortNames, held.shortNames)) return undefined
  const refused = (wanted.shortNames ?? []).filter(
    name => !held.shortNames?.includes(name) && taken.has(name),
  )
  if (refused.length > 0) {
    const texts = refused.map(inUse)
    return { reason: 'ShortNamesConflict', message: texts.length === 1 ? texts[0]! : `[${texts.join(', ')}]` }
  }
  if (wanted.shortNames) names.shortNames = wanted.shortNames
  else delete names.shortNames
  return undefined
}

function namesOf(others: readonly CustomResourceDefinition[]): {
  resources: Set<string>
  kinds: Set<string>
} {
  const resources = new Set<string>()
  const kinds = new Set<string>()
  for (const { status } of others) {
    const { plural, singular, shortNames = [], kind, listKind } = status?.acceptedNames ?? ({} as CustomNames)
    for (const name of [plural, singular, ...shortNames]) if (name) resources.add(name)
    for (const name of [kind, listKind]) if (name) kinds.add(name)
  }
  return { resources, kinds }
}
