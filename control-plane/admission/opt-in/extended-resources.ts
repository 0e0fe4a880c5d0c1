import { isDeepStrictEqual } from 'node:util'
import type { Pod, Toleration } from '../../../api/kinds/types.ts'
import type { AdmissionPlugin } from '../../../plugins/admission.ts'
import { isExtended } from '../../registry/rules/resources.ts'
import { isPodWrite } from '../pod-writes.ts'

/** Lets Pods that ask for a device onto the nodes that are kept for those who do. */
export const tolerateExtendedResources: AdmissionPlugin = {
  name: 'ExtendedResourceToleration',
  handles: isPodWrite,
  mutate({ object }) {
    const { spec } = object as Pod
    const lists = [...(spec.containers ?? []), ...(spec.initContainers ?? [])]
    const names = new Set(lists.flatMap(({ resources }) => Object.keys(resources?.requests ?? {})))
    for (const key of [...names].filter(isExtended).sort()) {
      spec.tolerations = withToleration(spec.tolerations, { key, operator: 'Exists', effect: 'NoSchedule' })
    }
  },
}

/** One of the same key, effect and value is written over. */
function withToleration(known: readonly Toleration[] = [], added: Toleration): Toleration[] {
  const isOfSame = (own: Toleration): boolean =>
    own.key === added.key &&
    own.effect === added.effect &&
    own.operator === added.operator &&
    (own.value ?? '') === (added.value ?? '')
  if (known.some(own => isDeepStrictEqual(own, added))) return [...known]
  const at = known.findIndex(isOfSame)
  return at < 0 ? [...known, added] : known.toSpliced(at, 1, added)
}
