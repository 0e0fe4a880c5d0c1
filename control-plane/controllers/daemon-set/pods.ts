import { daemonSets } from '../../../api/kinds/apps.ts'
import type { DaemonSet, Pod } from '../../../api/kinds/types.ts'
import { type PodBody, podFrom } from '../pod-control.ts'
import { REVISION_LABEL } from '../revisions/revisions.ts'
import { daemonTolerations, pinnedTo } from './placement.ts'

/** Counts changes of the template; older than revisions, and still shown. */
const GENERATION_LABEL = 'pod-template-generation'
const GENERATION_ANNOTATION = 'deprecated.daemonset.template.generation'

/** The Pod of a DaemonSet for one node. */
export function daemonPod(set: DaemonSet, nodeName: string, hash: string): PodBody {
  const body = podFrom(set.spec.template, set, daemonSets)
  const generation = set.metadata.annotations?.[GENERATION_ANNOTATION]
  const { spec } = body
  return {
    ...body,
    metadata: {
      ...body.metadata,
      labels: {
        ...body.metadata.labels,
        [REVISION_LABEL]: hash,
        ...(generation && { [GENERATION_LABEL]: generation }),
      },
    },
    spec: {
      ...spec,
      affinity: pinnedTo(nodeName, spec.affinity),
      tolerations: daemonTolerations(spec.tolerations, spec.hostNetwork),
    },
  }
}

export const isOfRevision = ({ metadata }: Pod, hash: string): boolean =>
  metadata.labels?.[REVISION_LABEL] === hash
