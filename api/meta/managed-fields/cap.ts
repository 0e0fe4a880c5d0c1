import { union } from './field-set.ts'
import { isSameManager, type Manager, Owner } from './owner.ts'

/** As many writers by update are told apart. */
export const MOST_UPDATERS = 10

/** Who owns what the oldest of too many writers owned. */
export const ANCIENT = 'ancient-changes'

const compareAge = (a: Owner, b: Owner): number => {
  const [left, right] = [`${a.time ?? ''} ${a.manager}`, `${b.time ?? ''} ${b.manager}`]
  return left < right ? -1 : left > right ? 1 : 0
}

/** Puts the oldest writers by update together, one bucket an API version, until there are no more than ten. */
export function capUpdaters(owners: readonly Owner[]): readonly Owner[] {
  let count = owners.filter(owner => owner.operation === 'Update').length
  if (count <= MOST_UPDATERS) return owners
  const oldest = owners.filter(owner => owner.operation === 'Update').sort(compareAge)
  const first = new Map<string, Owner>()
  let result = [...owners]
  for (const owner of oldest) {
    if (count <= MOST_UPDATERS) break
    const before = first.get(owner.apiVersion)
    if (!before) {
      first.set(owner.apiVersion, owner)
      continue
    }
    const existing = result.find(other => other.manager === ANCIENT && isSameManager(other, bucketOf(owner)))
    const into = existing && existing !== owner ? existing : before
    const bucket = new Owner(bucketOf(owner), union(owner.fields, into.fields), owner.time)
    result = [...result.filter(other => other !== owner && other !== into), bucket]
    first.set(owner.apiVersion, bucket)
    count--
  }
  return result
}

const bucketOf = ({ apiVersion }: Owner): Manager => ({ manager: ANCIENT, operation: 'Update', apiVersion })
