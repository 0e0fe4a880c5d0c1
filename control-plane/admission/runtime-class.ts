import { isDeepStrictEqual } from 'node:util'
import type { Client, InformerFactory } from '../../api/client/client.ts'
import { runtimeClasses } from '../../api/kinds/node.ts'
import type { Pod } from '../../api/kinds/types.ts'
import { compareQuantity } from '../../api/meta/quantity.ts'
import { forbidden, isNotFound } from '../../api/meta/status.ts'
import type { AdmissionPlugin } from '../../plugins/admission.ts'
import { isPodCreate } from './pod-writes.ts'

/** Gives Pods what their RuntimeClass says of overhead and of nodes. */
export function runtimeClassAdmission(client: Client, informers: InformerFactory): AdmissionPlugin {
  const cache = informers.informer(runtimeClasses)
  const find = async (name: string): Promise<any> =>
    cache.get(name) ??
    (await client.get(runtimeClasses, { name }).catch(error => {
      if (!isNotFound(error)) throw error
    }))
  return {
    name: 'RuntimeClass',
    handles: isPodCreate,
    async mutate({ object, name }) {
      const pod = object as Pod
      const refuse = (why: string) => forbidden({ group: '', plural: 'pods' }, pod.metadata.name || name, why)
      const wanted = pod.spec.runtimeClassName
      const found = wanted ? await find(wanted) : undefined
      if (wanted && !found) throw refuse(`pod rejected: RuntimeClass ${JSON.stringify(wanted)} not found`)
      const conflict = setOverhead(pod, found) ?? setScheduling(pod, found)
      if (conflict) throw refuse(conflict)
    },
  }
}

const isSame = (a: Record<string, string>, b: Record<string, string>): boolean =>
  isDeepStrictEqual(Object.keys(a).sort(), Object.keys(b).sort()) &&
  Object.keys(a).every(name => compareQuantity(a[name]!, b[name]!) === 0)

function setOverhead({ spec }: Pod, runtime: any): string | undefined {
  const given = runtime?.overhead?.podFixed
  const own = spec.overhead as Record<string, string> | undefined
  if (!given) {
    return own && Object.keys(own).length > 0
      ? 'pod rejected: Pod Overhead set without corresponding RuntimeClass defined Overhead'
      : undefined
  }
  if (own && !isSame(own, given)) {
    return "pod rejected: Pod's Overhead doesn't match RuntimeClass's defined Overhead"
  }
  spec.overhead = { ...given }
  return undefined
}

function setScheduling({ spec }: Pod, runtime: any): string | undefined {
  const { nodeSelector = {}, tolerations = [] } = runtime?.scheduling ?? {}
  for (const [key, value] of Object.entries<string>(nodeSelector)) {
    const own = spec.nodeSelector?.[key]
    if (own !== undefined && own !== value) {
      return `conflict: runtimeClass.scheduling.nodeSelector[${key}] = ${value}; pod.spec.nodeSelector[${key}] = ${own}`
    }
    spec.nodeSelector = { ...spec.nodeSelector, [key]: value }
  }
  for (const toleration of tolerations) {
    if (!spec.tolerations?.some(own => isDeepStrictEqual(own, toleration))) {
      spec.tolerations = [...(spec.tolerations ?? []), { ...toleration }]
    }
  }
  return undefined
}
