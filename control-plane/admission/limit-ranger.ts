import type { InformerFactory } from '../../api/client/client.ts'
import { limitRanges } from '../../api/kinds/core.ts'
import { resourceName } from '../../api/kinds/kind.ts'
import type { PersistentVolumeClaim, Pod } from '../../api/kinds/types.ts'
import { forbidden } from '../../api/meta/status.ts'
import type { AdmissionAttributes, AdmissionPlugin } from '../../plugins/admission.ts'
import {
  type Amounts,
  claimFaults,
  containersOf,
  type Limit,
  podFaults,
  type Requirements,
} from './limit-bounds.ts'

const ANNOTATION = 'kubernetes.io/limit-ranger'

/**
 * Fills in what a namespace's LimitRanges give to containers, and holds Pods and claims to their bounds. Each LimitRange is
 * seen to by itself, in the order of their names: the first one that says something fills it in, the first that is broken
 * is told of.
 */
export function limitRanger(informers: InformerFactory): AdmissionPlugin {
  const cache = informers.informer(limitRanges)
  cache.addIndex('namespace', ({ metadata }) => [metadata.namespace ?? ''])
  const rangesOf = ({ namespace = '', oldObject }: AdmissionAttributes): Limit[][] => {
    if (oldObject?.metadata.deletionTimestamp) return []
    const ranges = cache.byIndex('namespace', namespace)
    if (ranges.length > 1) ranges.sort((a, b) => (a.metadata.name! < b.metadata.name! ? -1 : 1))
    return ranges.map(({ spec }): Limit[] => spec?.limits ?? [])
  }
  return {
    name: 'LimitRanger',
    handles({ operation, kind, subresource }) {
      if (operation !== 'CREATE' && operation !== 'UPDATE') return false
      const resource = resourceName(kind)
      if (resource === 'pods') return operation === 'CREATE' ? subresource === '' : subresource === 'resize'
      return resource === 'persistentvolumeclaims' && subresource === ''
    },
    mutate(attributes) {
      if (attributes.kind.plural !== 'pods') return
      for (const limits of rangesOf(attributes)) fillContainers(attributes.object as Pod, limits)
    },
    validate(attributes) {
      const { kind, object, name } = attributes
      const faultsOf = (limit: Limit): string[] =>
        kind.plural === 'pods'
          ? podFaults(object as Pod, limit)
          : claimFaults(object as PersistentVolumeClaim, limit)
      for (const limits of rangesOf(attributes)) {
        const faults = [...new Set(limits.flatMap(faultsOf))]
        if (faults.length === 0) continue
        const why = faults.length === 1 ? faults[0]! : `[${faults.join(', ')}]`
        throw forbidden({ group: '', plural: kind.plural }, object?.metadata.name || name, why)
      }
    },
  }
}

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
