import type { Pod } from '../../../api/kinds/types.ts'
import type { AdmissionPlugin } from '../../../plugins/admission.ts'
import { isPodWrite, refusePod } from '../pod-writes.ts'

const HOSTNAME = 'kubernetes.io/hostname'

/** Lets Pods keep others off their node, and not off a whole zone. */
export const limitAntiAffinity: AdmissionPlugin = {
  name: 'LimitPodHardAntiAffinityTopology',
  handles: isPodWrite,
  validate(attributes) {
    const { spec } = attributes.object as Pod
    const terms = spec.affinity?.podAntiAffinity?.requiredDuringSchedulingIgnoredDuringExecution ?? []
    const wrong = terms.find(({ topologyKey }) => topologyKey !== HOSTNAME)
    if (!wrong) return
    throw refusePod(
      attributes,
      `affinity.PodAntiAffinity.RequiredDuringScheduling has TopologyKey ${wrong.topologyKey} but only key ${HOSTNAME} is allowed`,
    )
  },
}
