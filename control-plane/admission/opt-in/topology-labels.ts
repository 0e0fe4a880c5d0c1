import type { InformerFactory } from '../../../api/client/client.ts'
import { nodes } from '../../../api/kinds/core.ts'
import { resourceName } from '../../../api/kinds/kind.ts'
import type { Pod } from '../../../api/kinds/types.ts'
import type { ApiObject } from '../../../api/meta/object.ts'
import type { AdmissionPlugin } from '../../../plugins/admission.ts'

const LABELS = ['topology.k8s.io/zone', 'topology.k8s.io/region']
const SUBRESOURCES = ['', 'binding']

/** Tells Pods, when they get their node, which zone and region it is in; the binding passes labels on (KEP-4742). */
export function podTopologyLabels(informers: InformerFactory): AdmissionPlugin {
  const cache = informers.informer(nodes)
  return {
    name: 'PodTopologyLabels',
    handles: ({ operation, kind, subresource }) =>
      operation === 'CREATE' &&
      ((resourceName(kind) === 'pods' && SUBRESOURCES.includes(subresource)) ||
        resourceName(kind) === 'bindings'),
    mutate({ kind, subresource, object }) {
      const isPod = resourceName(kind) === 'pods' && subresource === ''
      const node = isPod ? (object as Pod).spec.nodeName : targetOf(object!)
      const given = node ? cache.get(node)?.metadata.labels : undefined
      const known = LABELS.filter(name => given?.[name] !== undefined)
      if (known.length === 0) return
      const labels = Object.fromEntries(known.map(name => [name, given![name]!]))
      object!.metadata.labels = { ...labels, ...object!.metadata.labels }
    },
  }
}

const targetOf = ({ target }: ApiObject): string | undefined =>
  target?.kind === 'Node' ? target.name : undefined
