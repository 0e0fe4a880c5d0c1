import type { InformerFactory } from '../../api/client/client.ts'
import { limitRanges } from '../../api/kinds/core.ts'
import { resourceName } from '../../api/kinds/kind.ts'
import type { PersistentVolumeClaim, Pod } from '../../api/kinds/types.ts'
import { addQuantity, formatQuantity, parseQuantity, type Quantity } from '../../api/meta/quantity.ts'
import { forbidden } from '../../api/meta/status.ts'
import type { AdmissionPlugin } from '../../plugins/admission.ts'

type Amounts = Record<string, string>
type Limit = { type: string; [list: string]: any }
type Requirements = { requests?: Amounts; limits?: Amounts }

const ANNOTATION = 'kubernetes.io/limit-ranger'

/** Fills in what a namespace's LimitRanges give to containers, and holds Pods and claims to their bounds. */
export function limitRanger(informers: InformerFactory): AdmissionPlugin {
  const cache = informers.informer(limitRanges)
  cache.addIndex('namespace', ({ metadata }) => [metadata.namespace ?? ''])
  const limitsOf = (namespace: string | undefined): Limit[] =>
    cache.byIndex('namespace', namespace ?? '').flatMap(({ spec }: any): Limit[] => spec?.limits ?? [])
  return {
    name: 'LimitRanger',
    handles({ operation, kind, subresource }) {
      if (subresource !== '') return false
      const resource = resourceName(kind)
      if (resource === 'pods') return operation === 'CREATE'
      return resource === 'persistentvolumeclaims' && (operation === 'CREATE' || operation === 'UPDATE')
    },
    mutate({ kind, object, namespace }) {
      if (kind.plural === 'pods') fillContainers(object as Pod, limitsOf(namespace))
    },
    validate({ kind, object, namespace, name }) {
      const limits = limitsOf(namespace)
      const faults =
        kind.plural === 'pods'
          ? limits.flatMap(limit => podFaults(object as Pod, limit))
          : limits.flatMap(limit => claimFaults(object as PersistentVolumeClaim, limit))
      if (faults.length === 0) return
      const why = faults.length === 1 ? faults[0]! : `[${faults.join(', ')}]`
      throw forbidden({ group: '', plural: kind.plural }, object?.metadata.name || name, why)
    },
  }
}

const containersOf = ({ spec }: Pod) => [spec.containers ?? [], spec.initContainers ?? []]

function fillContainers(pod: Pod, limits: Limit[]): void {
  const own = limits.filter(({ type }) => type === 'Container')
  const requests: Amounts = Object.assign({}, ...own.map(limit => limit.defaultRequest))
  const most: Amounts = Object.assign({}, ...own.map(limit => limit.default))
  const notes = containersOf(pod).flatMap((containers, i) =>
    containers.flatMap(container => {
      const kind = i === 0 ? 'container' : 'init container'
      container.resources ??= {}
      return [
        describe('request', fill(container.resources as Requirements, 'requests', requests)),
        describe('limit', fill(container.resources as Requirements, 'limits', most)),
      ].flatMap(note => (note ? [`${note} for ${kind} ${container.name}`] : []))
    }),
  )
  if (notes.length === 0) return
  const note = `LimitRanger plugin set: ${notes.join('; ')}`
  pod.metadata.annotations = { ...pod.metadata.annotations, [ANNOTATION]: note }
}

const describe = (what: string, names: string[]): string | undefined =>
  names.length > 0 ? `${names.sort().join(', ')} ${what}` : undefined

function fill(resources: Requirements, list: 'requests' | 'limits', given: Amounts): string[] {
  const missing = Object.keys(given).filter(name => resources[list]?.[name] === undefined)
  for (const name of missing) resources[list] = { ...resources[list], [name]: given[name]! }
  return missing
}

function podFaults(pod: Pod, limit: Limit): string[] {
  if (limit.type === 'Container') {
    return containersOf(pod)
      .flat()
      .flatMap(({ resources }) => boundFaults(limit, (resources ?? {}) as Requirements))
  }
  return limit.type === 'Pod' ? boundFaults(limit, wholePod(pod)) : []
}

/** What a Pod needs at once: its containers together, or the init container that needs most. */
function wholePod(pod: Pod): Requirements {
  const [containers, init] = containersOf(pod)
  const total = (list: 'requests' | 'limits'): Amounts => {
    const amounts = (container: any): Amounts => container.resources?.[list] ?? {}
    const isSidecar = ({ restartPolicy }: any) => restartPolicy === 'Always'
    const sum = new Map<string, Quantity>()
    const add = (to: Map<string, Quantity>, given: Amounts) => {
      for (const [name, amount] of Object.entries(given)) {
        const parsed = parseQuantity(amount)
        const known = to.get(name)
        to.set(name, known ? addQuantity(known, parsed) : parsed)
      }
      return to
    }
    for (const container of [...containers!, ...init!.filter(isSidecar)]) add(sum, amounts(container))
    const started = new Map<string, Quantity>()
    for (const container of init!) {
      if (isSidecar(container)) add(started, amounts(container))
      const own = isSidecar(container) ? started : add(new Map(started), amounts(container))
      for (const [name, amount] of own) {
        if ((sum.get(name)?.nano ?? -1n) < amount.nano) sum.set(name, amount)
      }
    }
    return Object.fromEntries([...sum].map(([name, amount]) => [name, formatQuantity(amount)]))
  }
  return { requests: total('requests'), limits: total('limits') }
}

/** A claim has no limits, only what it asks for. */
function claimFaults({ spec }: PersistentVolumeClaim, limit: Limit): string[] {
  if (limit.type !== 'PersistentVolumeClaim') return []
  const { requests = {} } = spec.resources ?? {}
  return [
    ...eachAmount(limit.min, (name, bound) => leastFault(limit.type, name, bound, { requests })),
    ...eachAmount(limit.max, (name, bound) => {
      const start = `maximum ${name} usage per ${limit.type} is ${show(bound)}`
      const request = requests[name]
      if (request === undefined) return `${start}.  No request is specified`
      return above(request, bound) ? `${start}, but request is ${show(request)}` : undefined
    }),
  ]
}

function boundFaults(limit: Limit, resources: Requirements): string[] {
  return [
    ...eachAmount(limit.min, (name, bound) => leastFault(limit.type, name, bound, resources)),
    ...eachAmount(limit.max, (name, bound) => mostFault(limit.type, name, bound, resources)),
    ...eachAmount(limit.maxLimitRequestRatio, (name, bound) =>
      ratioFault(limit.type, name, bound, resources),
    ),
  ]
}

function eachAmount(
  amounts: Amounts = {},
  check: (name: string, bound: string) => string | undefined,
): string[] {
  return Object.keys(amounts)
    .sort()
    .flatMap(name => check(name, amounts[name]!) ?? [])
}

const show = (amount: string): string => formatQuantity(parseQuantity(amount))
const above = (a: string, b: string): boolean => parseQuantity(a).nano > parseQuantity(b).nano

function leastFault(type: string, name: string, bound: string, { requests = {}, limits = {} }: Requirements) {
  const start = `minimum ${name} usage per ${type} is ${show(bound)}`
  const [request, limit] = [requests[name], limits[name]]
  if (request === undefined) return `${start}.  No request is specified`
  if (above(bound, request)) return `${start}, but request is ${show(request)}`
  if (limit !== undefined && above(bound, limit)) return `${start}, but limit is ${show(limit)}`
  return undefined
}

function mostFault(type: string, name: string, bound: string, { requests = {}, limits = {} }: Requirements) {
  const start = `maximum ${name} usage per ${type} is ${show(bound)}`
  const [request, limit] = [requests[name], limits[name]]
  if (limit === undefined) return `${start}.  No limit is specified`
  if (above(limit, bound)) return `${start}, but limit is ${show(limit)}`
  if (request !== undefined && above(request, bound)) return `${start}, but request is ${show(request)}`
  return undefined
}

function ratioFault(type: string, name: string, bound: string, { requests = {}, limits = {} }: Requirements) {
  const start = `${name} max limit to request ratio per ${type} is ${show(bound)}, but`
  const amount = (given: string | undefined): number => Number(parseQuantity(given ?? '0').nano) / 1e9
  const [request, limit] = [amount(requests[name]), amount(limits[name])]
  if (request === 0) return `${start} no request is specified or request is 0`
  if (limit === 0) return `${start} no limit is specified or limit is 0`
  const ratio = limit / request
  return ratio > amount(bound) ? `${start} provided ratio is ${ratio.toFixed(6)}` : undefined
}
