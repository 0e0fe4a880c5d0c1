import type { ContainerStatus, Pod } from '../../../api/kinds/types.ts'
import { type FieldError, forbiddenField } from '../../../api/meta/status.ts'
import { ip } from '../rules/addresses.ts'
import { collect, each, FINE, fields, unchanged } from '../rules/check.ts'
import { qualifiedName, subdomain } from '../rules/values.ts'
import { annotationUpdateFaults } from './annotations.ts'

const SYSTEM_CONDITIONS = new Set(['PodScheduled', 'Ready', 'Initialized'])

const status = fields({
  nominatedNodeName: subdomain,
  podIPs: each(fields({ ip })),
  hostIPs: each(fields({ ip })),
})

/** What a Pod's status may not say. */
export function validatePodStatus(pod: Pod, old: Pod): readonly FieldError[] {
  const { status: wanted = {}, spec } = pod
  const before = old.status ?? {}
  return collect(
    annotationUpdateFaults(pod.metadata.annotations, old.metadata.annotations),
    ...(wanted.conditions ?? []).map(({ type }, i) =>
      SYSTEM_CONDITIONS.has(type) ? FINE : qualifiedName(type, `metadata.conditions[${i}].Type`),
    ),
    unchanged('status.qosClass', wanted.qosClass ?? before.qosClass, before.qosClass ?? wanted.qosClass),
    revivals(
      wanted.containerStatuses,
      before.containerStatuses,
      'containerStatuses',
      () => spec.restartPolicy,
    ),
    revivals(wanted.initContainerStatuses, before.initContainerStatuses, 'initContainerStatuses', name =>
      isSidecar(pod, name) ? 'Always' : spec.restartPolicy,
    ),
    revivals(
      wanted.ephemeralContainerStatuses,
      before.ephemeralContainerStatuses,
      'ephemeralContainerStatuses',
      () => 'Never',
    ),
    status(wanted, 'status'),
  )
}

const isSidecar = ({ spec }: Pod, name: string): boolean =>
  (spec.initContainers ?? []).some(
    container =>
      container.name === name && (container as { restartPolicy?: string }).restartPolicy === 'Always',
  )

/** A container that has ended for good does not run again. */
function revivals(
  wanted: ContainerStatus[] = [],
  old: ContainerStatus[] = [],
  field: string,
  policyOf: (name: string) => string | undefined,
): readonly FieldError[] {
  return old.flatMap(({ name, state }, i) => {
    const policy = policyOf(name)
    if (!state?.terminated || policy === 'Always') return []
    if (state.terminated.exitCode !== 0 && policy === 'OnFailure') return []
    const runs = wanted.some(other => other.name === name && !other.state?.terminated)
    const detail = 'may not be transitioned to non-terminated state'
    return runs ? [forbiddenField(`status.${field}[${i}].state`, detail)] : []
  })
}
