import type { Pod } from '../../../api/kinds/types.ts'
import { labelSelector } from '../../../api/meta/selectors.ts'
import type { CycleState, NodeInfo, SchedulerPlugin } from '../../../plugins/scheduler.ts'
import { normalizeByRange } from '../scoring.ts'
import { isOfCluster } from '../snapshot.ts'

interface AffinityTerm {
  labelSelector?: object
  topologyKey: string
  namespaces?: string[]
  namespaceSelector?: object
}

interface Preferred {
  weight: number
  podAffinityTerm: AffinityTerm
}

type Kind = 'podAffinity' | 'podAntiAffinity'

const required = (pod: Pod, kind: Kind): AffinityTerm[] =>
  (pod.spec.affinity?.[kind]?.requiredDuringSchedulingIgnoredDuringExecution ?? []) as AffinityTerm[]

const preferred = (pod: Pod, kind: Kind): Preferred[] =>
  (pod.spec.affinity?.[kind]?.preferredDuringSchedulingIgnoredDuringExecution ?? []) as Preferred[]

const domainOf = ({ node }: NodeInfo, key: string): string | undefined => node.metadata.labels?.[key]

type Meant = (other: Pod) => boolean

/** Which Pods a term of `pod` speaks of. */
function meantBy(term: AffinityTerm, pod: Pod, state: CycleState): Meant {
  const selector = labelSelector(term.labelSelector as never)
  const named = term.namespaces ?? []
  const spaces = term.namespaceSelector && labelSelector(term.namespaceSelector as never)
  const own = named.length === 0 && !spaces ? pod.metadata.namespace : undefined
  return ({ metadata }) => {
    const namespace = metadata.namespace!
    const isInScope =
      namespace === own ||
      named.includes(namespace) ||
      (spaces?.matches(state.namespaceLabels(namespace) ?? {}) ?? false)
    return isInScope && selector.matches(metadata.labels)
  }
}

/** What one cycle looks up again and again, counted once. */
interface Counts {
  affinity: { term: AffinityTerm; meant: Meant; perDomain: Map<string, number> }[]
  antiAffinity: { term: AffinityTerm; perDomain: Map<string, number> }[]
  /** `key=domain` in which a Pod that is there does not want this one. */
  unwanted: Set<string>
}

const STATE = 'InterPodAffinity'

function countsOf(pod: Pod, state: CycleState): Counts {
  const known = state.get<Counts>(STATE)
  if (known) return known
  const counts: Counts = {
    affinity: required(pod, 'podAffinity').map(term => {
      const meant = meantBy(term, pod, state)
      return { term, meant, perDomain: perDomain(term, meant, state) }
    }),
    antiAffinity: required(pod, 'podAntiAffinity').map(term => ({
      term,
      perDomain: perDomain(term, meantBy(term, pod, state), state),
    })),
    unwanted: unwantedDomains(pod, state),
  }
  state.set(STATE, counts)
  return counts
}

function perDomain({ topologyKey }: AffinityTerm, meant: Meant, { nodes }: CycleState): Map<string, number> {
  const counts = new Map<string, number>()
  for (const info of nodes) {
    const domain = domainOf(info, topologyKey)
    if (domain === undefined) continue
    const here = info.pods.filter(meant).length
    if (here > 0) counts.set(domain, (counts.get(domain) ?? 0) + here)
  }
  return counts
}

function unwantedDomains(pod: Pod, state: CycleState): Set<string> {
  const domains = new Set<string>()
  for (const info of state.nodes) {
    for (const existing of info.pods) {
      for (const term of required(existing, 'podAntiAffinity')) {
        const domain = domainOf(info, term.topologyKey)
        if (domain !== undefined && meantBy(term, existing, state)(pod)) {
          domains.add(`${term.topologyKey}=${domain}`)
        }
      }
    }
  }
  return domains
}

/**
 * Pods that want to be near others, or not near them (kubernetes.io, "Inter-pod affinity and anti-affinity"). A node may be
 * given as it would be with other Pods on it than the cluster shows: what is on it is then counted again.
 */
export const interPodAffinity: SchedulerPlugin = {
  name: 'InterPodAffinity',
  weight: 2,
  preFilter: (pod, state) => void countsOf(pod, state),
  filter(pod, node, state) {
    const { affinity, antiAffinity, unwanted } = countsFor(pod, node, state)
    if (affinity.some(each => !isMet(each, affinity, pod, node))) {
      return { reason: "node(s) didn't match pod affinity rules", unresolvable: true }
    }
    const hasMeant = ({ term, perDomain }: Counts['antiAffinity'][number]): boolean =>
      (perDomain.get(domainOf(node, term.topologyKey) ?? '') ?? 0) > 0
    if (antiAffinity.some(hasMeant)) return { reason: "node(s) didn't match pod anti-affinity rules" }
    const isUnwanted = Object.entries(node.node.metadata.labels ?? {}).some(([key, value]) =>
      unwanted.has(`${key}=${value}`),
    )
    return isUnwanted ? { reason: "node(s) didn't satisfy existing pods anti-affinity rules" } : undefined
  },
  score(pod, node, state) {
    return preferencesOf(pod, state).reduce((sum, { topologyKey, domain, weight }) => {
      return domainOf(node, topologyKey) === domain ? sum + weight : sum
    }, 0)
  },
  normalizeScore: (_pod, scores) => normalizeByRange(scores),
}

/** The counts, made again where the node is another than the cluster's. */
function countsFor(pod: Pod, node: NodeInfo, state: CycleState): Counts {
  if (isOfCluster(node, state)) return countsOf(pod, state)
  const { name } = node.node.metadata
  const nodes = state.nodes.map(other => (other.node.metadata.name === name ? node : other))
  const values = new Map<string, unknown>()
  return countsOf(pod, {
    nodes,
    namespaceLabels: state.namespaceLabels,
    get: <T>(key: string) => values.get(key) as T | undefined,
    set: (key, value) => void values.set(key, value),
  })
}

/** The first Pod of a group that wants to be near itself may go anywhere. */
function isMet(
  { term, perDomain }: Counts['affinity'][number],
  all: Counts['affinity'],
  pod: Pod,
  node: NodeInfo,
): boolean {
  const domain = domainOf(node, term.topologyKey)
  if (domain === undefined) return false
  if ((perDomain.get(domain) ?? 0) > 0) return true
  const isFirst = all.every(each => each.perDomain.size === 0)
  return isFirst && all.every(({ meant }) => meant(pod))
}

interface Preference {
  topologyKey: string
  domain: string
  weight: number
}

/** How much the Pod, and those that are there, would like it in each domain. */
function preferencesOf(pod: Pod, state: CycleState): Preference[] {
  const key = `${STATE} preferences`
  const known = state.get<Preference[]>(key)
  if (known) return known
  const sums = new Map<string, Preference>()
  const add = (topologyKey: string, info: NodeInfo, weight: number): void => {
    const domain = domainOf(info, topologyKey)
    if (domain === undefined || weight === 0) return
    const id = `${topologyKey}=${domain}`
    const sum = sums.get(id) ?? { topologyKey, domain, weight: 0 }
    sum.weight += weight
    sums.set(id, sum)
  }
  const own = weighted(pod, state)
  for (const info of state.nodes) {
    for (const existing of info.pods) {
      for (const { term, weight, meant } of own) if (meant(existing)) add(term.topologyKey, info, weight)
      if (!existing.spec.affinity) continue
      for (const { term, weight, meant } of weighted(existing, state)) {
        if (meant(pod)) add(term.topologyKey, info, weight)
      }
      // A Pod that had to be near this one's like still wants that a little (upstream's hard affinity weight).
      for (const term of required(existing, 'podAffinity')) {
        if (meantBy(term, existing, state)(pod)) add(term.topologyKey, info, 1)
      }
    }
  }
  const preferences = [...sums.values()]
  state.set(key, preferences)
  return preferences
}

const weighted = (pod: Pod, state: CycleState) => [
  ...preferred(pod, 'podAffinity').map(({ weight, podAffinityTerm: term }) => ({
    term,
    weight,
    meant: meantBy(term, pod, state),
  })),
  ...preferred(pod, 'podAntiAffinity').map(({ weight, podAffinityTerm: term }) => ({
    term,
    weight: -weight,
    meant: meantBy(term, pod, state),
  })),
]
