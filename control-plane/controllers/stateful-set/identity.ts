import { statefulSets } from '../../../api/kinds/apps.ts'
import type {
  ControllerRevision,
  PersistentVolumeClaim,
  Pod,
  StatefulSet,
  Volume,
} from '../../../api/kinds/types.ts'
import { type PodBody, podFrom } from '../pod-control.ts'
import { REVISION_LABEL, templateOf } from '../revisions/revisions.ts'

const POD_NAME = 'statefulset.kubernetes.io/pod-name'
const POD_INDEX = 'apps.kubernetes.io/pod-index'

const claimTemplates = ({ spec }: StatefulSet): PersistentVolumeClaim[] =>
  (spec.volumeClaimTemplates ?? []) as PersistentVolumeClaim[]

/** The place of a Pod in its set by its name; undefined when the name is not of the set's. */
export function ordinalOf({ metadata }: Pod, set: StatefulSet): number | undefined {
  const prefix = `${set.metadata.name}-`
  const rest = metadata.name.startsWith(prefix) ? metadata.name.slice(prefix.length) : ''
  return /^(0|[1-9]\d*)$/.test(rest) ? Number(rest) : undefined
}

export const firstOrdinal = ({ spec }: StatefulSet): number =>
  (spec as { ordinals?: { start?: number } }).ordinals?.start ?? 0

/** The Pod of one place, by the template of a revision. */
export function statefulPod(set: StatefulSet, ordinal: number, revision: ControllerRevision): PodBody {
  const body = podFrom(templateOf(revision), set, statefulSets)
  const name = `${set.metadata.name}-${ordinal}`
  const { metadata } = body
  const labels = {
    ...metadata.labels,
    [POD_NAME]: name,
    [POD_INDEX]: String(ordinal),
    [REVISION_LABEL]: revision.metadata.name,
  }
  const { serviceName } = set.spec
  return {
    ...body,
    metadata: { ...metadata, name, labels },
    spec: {
      ...body.spec,
      hostname: name,
      ...(serviceName && { subdomain: serviceName }),
      volumes: withClaims(set, ordinal, body.spec.volumes),
    },
  }
}

/** A claim's volume takes the place of one of the same name. */
function withClaims(set: StatefulSet, ordinal: number, volumes: readonly Volume[] = []): Volume[] {
  const claims = claimTemplates(set).map(({ metadata }) => ({
    name: metadata.name,
    persistentVolumeClaim: { claimName: claimName(set, metadata.name, ordinal) },
  }))
  const names = new Set(claims.map(({ name }) => name))
  return [...volumes.filter(({ name }) => !names.has(name)), ...claims]
}

const claimName = (set: StatefulSet, template: string, ordinal: number): string =>
  `${template}-${set.metadata.name}-${ordinal}`

/** The claims of one place. They outlive its Pods, and the set. */
export function claimsFor(set: StatefulSet, ordinal: number): PersistentVolumeClaim[] {
  return claimTemplates(set).map(({ metadata, spec }) => ({
    apiVersion: 'v1',
    kind: 'PersistentVolumeClaim',
    metadata: {
      ...metadata,
      name: claimName(set, metadata.name, ordinal),
      namespace: set.metadata.namespace!,
      labels: { ...metadata.labels, ...set.spec.selector.matchLabels },
    },
    spec,
  }))
}
