import { isDeepStrictEqual } from 'node:util'
import type { Pod } from '../../../api/kinds/types.ts'
import { type FieldError, forbiddenField } from '../../../api/meta/status.ts'
import type { Strategy } from '../strategy.ts'
import { defaultPod } from './defaults.ts'
import { validatePodSpec } from './validate-spec.ts'

const IMMUTABLE =
  'pod updates may not change fields other than `spec.containers[*].image`,`spec.initContainers[*].image`,`spec.activeDeadlineSeconds`,`spec.tolerations` (only additions to existing tolerations),`spec.terminationGracePeriodSeconds` (allow it to be set to 1 if it was previously negative)'

export const podStrategy: Strategy<Pod> = {
  hasGeneration: true,
  defaults: ({ spec }) => defaultPod(spec),
  prepareForCreate(pod) {
    pod.status = { phase: 'Pending', qosClass: qosClass(pod) } as Pod['status']
  },
  keepStatusOnCreate: true,
  validate(pod, old, { subresource }) {
    if (subresource === 'status' || subresource === 'binding') return []
    return old ? validateUpdate(pod, old) : validatePodSpec(pod.spec, 'spec')
  },
  gracePeriodSeconds(pod, requested) {
    const { status, spec } = pod
    if (!spec.nodeName || status?.phase === 'Failed' || status?.phase === 'Succeeded') return 0
    return Math.max(requested ?? spec.terminationGracePeriodSeconds ?? 30, 0)
  },
}

/** Only what can be changed in place may be changed. */
function validateUpdate(pod: Pod, old: Pod): FieldError[] {
  const errors = validatePodSpec(pod.spec, 'spec')
  if (errors.length > 0) return errors
  const masked = structuredClone(pod.spec)
  masked.containers?.forEach((container, i) => {
    container.image = old.spec.containers[i]?.image as string
  })
  masked.initContainers?.forEach((container, i) => {
    container.image = old.spec.initContainers?.[i]?.image as string
  })
  const before = old.spec.tolerations ?? []
  const after = masked.tolerations ?? []
  if (before.every(toleration => after.some(other => isDeepStrictEqual(other, toleration)))) {
    if (old.spec.tolerations === undefined) delete masked.tolerations
    else masked.tolerations = old.spec.tolerations
  }
  if (old.spec.activeDeadlineSeconds === undefined) delete masked.activeDeadlineSeconds
  else masked.activeDeadlineSeconds = old.spec.activeDeadlineSeconds
  return isDeepStrictEqual(masked, old.spec) ? [] : [forbiddenField('spec', IMMUTABLE)]
}

/** Best effort, burstable or guaranteed (see the kubelet's own rule; here only for what is shown before it runs). */
function qosClass({ spec }: Pod): string {
  const containers = [...(spec.containers ?? []), ...(spec.initContainers ?? [])]
  const resources = ['cpu', 'memory'] as const
  const hasAny = containers.some(({ resources: r }) =>
    resources.some(name => r?.requests?.[name] ?? r?.limits?.[name]),
  )
  if (!hasAny) return 'BestEffort'
  const guaranteed = containers.every(({ resources: r }) =>
    resources.every(
      name => r?.limits?.[name] !== undefined && (r.requests?.[name] ?? r.limits[name]) === r.limits[name],
    ),
  )
  return guaranteed ? 'Guaranteed' : 'Burstable'
}
