import type { PolicyRule } from '../../api/kinds/types.ts'

const hasAll = (owned: string[] = [], wanted: string[] = []): boolean =>
  owned.includes('*') || wanted.every(value => owned.includes(value))

/** A star covers all, a star with a subresource that subresource of everything. */
function coversResource(owned: string[] = [], wanted: string): boolean {
  if (owned.includes('*') || owned.includes(wanted)) return true
  const [, subresource] = wanted.split('/')
  return subresource !== undefined && owned.includes(`*/${subresource}`)
}

function coversPath(owned: string[] = [], wanted: string): boolean {
  return owned.some(
    path => path === '*' || path === wanted || (path.endsWith('*') && wanted.startsWith(path.slice(0, -1))),
  )
}

function ruleCovers(owner: PolicyRule, wanted: PolicyRule): boolean {
  if (!hasAll(owner.verbs, wanted.verbs)) return false
  const paths = wanted.nonResourceURLs ?? []
  if (paths.length > 0) return paths.every(path => coversPath(owner.nonResourceURLs, path))
  if (!hasAll(owner.apiGroups, wanted.apiGroups)) return false
  if (!(wanted.resources ?? []).every(resource => coversResource(owner.resources, resource))) return false
  if (!owner.resourceNames?.length) return true
  return Boolean(wanted.resourceNames?.length) && hasAll(owner.resourceNames, wanted.resourceNames)
}

/** A rule as many rules, each of one verb and one resource or path. */
function breakDown({
  verbs,
  apiGroups = [],
  resources = [],
  resourceNames = [],
  nonResourceURLs = [],
}: PolicyRule) {
  const parts: PolicyRule[] = nonResourceURLs.flatMap(path =>
    verbs.map(verb => ({ nonResourceURLs: [path], verbs: [verb] })),
  )
  for (const group of apiGroups) {
    for (const resource of resources) {
      for (const verb of verbs) {
        const part = { apiGroups: [group], resources: [resource], verbs: [verb] }
        if (resourceNames.length === 0) parts.push(part)
        for (const name of resourceNames) parts.push({ ...part, resourceNames: [name] })
      }
    }
  }
  return parts
}

/** What `wanted` allows and `owned` does not, one right a rule. */
export function uncoveredRights(owned: readonly PolicyRule[], wanted: readonly PolicyRule[]): PolicyRule[] {
  return wanted.flatMap(breakDown).filter(part => !owned.some(rule => ruleCovers(rule, part)))
}

/** Rights on the same things in one rule, in the words of upstream's messages. */
export function describeRights(rights: readonly PolicyRule[]): string[] {
  const verbsOf = new Map<string, { rule: PolicyRule; verbs: Set<string> }>()
  for (const { verbs, ...rule } of rights) {
    const key = JSON.stringify(rule)
    const known = verbsOf.get(key) ?? { rule: { ...rule, verbs: [] }, verbs: new Set() }
    for (const verb of verbs) known.verbs.add(verb)
    verbsOf.set(key, known)
  }
  return [...verbsOf.values()].map(({ rule, verbs }) => describeRule({ ...rule, verbs: [...verbs] })).sort()
}

function describeRule(rule: PolicyRule): string {
  const fields = [
    ['APIGroups', rule.apiGroups],
    ['Resources', rule.resources],
    ['NonResourceURLs', rule.nonResourceURLs],
    ['ResourceNames', rule.resourceNames],
    ['Verbs', rule.verbs],
  ] as const
  const parts = fields.flatMap(([name, values]) => (values?.length ? `${name}:${quoteList(values)}` : []))
  return `{${parts.join(', ')}}`
}

/** A list as Go's `%q` prints it. */
export const quoteList = (values: readonly string[]): string =>
  `[${values.map(value => JSON.stringify(value)).join(' ')}]`
