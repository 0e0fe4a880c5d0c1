import type { Pod } from '../../../api/kinds/types.ts'
import { hasKeptSpec } from '../../../api/meta/kept-spec.ts'
import { type FieldError, forbiddenField } from '../../../api/meta/status.ts'
import { toTime } from '../../../api/meta/time.ts'
import { collect, isSame } from '../rules/check.ts'
import { SoundTexts } from '../rules/sound.ts'
import type { Strategy } from '../strategy.ts'
import { annotationUpdateFaults, podAnnotationFaults } from './annotations.ts'
import { adoptProfiles } from './app-armor.ts'
import { imageFaults } from './containers.ts'
import { defaultPod } from './defaults.ts'
import { keepAllButEphemeral, validateEphemeralUpdate } from './ephemeral.ts'
import { mergeLabelKeys } from './label-keys.ts'
import { profileMatchFaults } from './profiles.ts'
import { qosClass } from './qos.ts'
import { keepAllButResources, validateResize } from './resize.ts'
import { keepOfStatus, validatePodStatus } from './status.ts'
import { validatePodUpdate } from './update.ts'
import { validatePodSpec } from './validate-spec.ts'

export const podStrategy: Strategy<Pod> = {
  hasGeneration: true,
  defaults: ({ spec }) => defaultPod(spec),
  defaultsSpecOnly: true,
  prepareForCreate(pod, context) {
    pod.status = { phase: 'Pending', qosClass: qosClass(pod) } as Pod['status']
    if (gatesOf(pod).length > 0) pod.status!.conditions = [gated(context.now)] as never
    mergeLabelKeys(pod)
    adoptProfiles(pod)
  },
  keepStatusOnCreate: true,
  prepareForUpdate(pod, old, { subresource }) {
    if (subresource === 'ephemeralcontainers') keepAllButEphemeral(pod, old)
    if (subresource === 'resize') keepAllButResources(pod, old)
    if (subresource === 'status') keepOfStatus(pod, old)
  },
  validate(pod, old, { subresource, specText }) {
    if (subresource === 'binding') return []
    if (subresource === 'status') return old ? validatePodStatus(pod, old) : []
    if (!old) return collect(validatePod(pod, specText), createFaults(pod))
    if (subresource === 'ephemeralcontainers') {
      return collect(validatePod(pod), validateEphemeralUpdate(pod, old))
    }
    if (subresource === 'resize') return collect(validatePod(pod), validateResize(pod, old))
    // Most updates change metadata alone: a spec that was sound is not looked through again.
    if (hasKeptSpec(pod, old) || isSame(pod.spec, old.spec)) return metadataFaults(pod, old)
    return collect(validatePod(pod), validatePodUpdate(pod, old))
  },
  gracePeriodSeconds(pod, requested) {
    const { status, spec } = pod
    if (!spec.nodeName || status?.phase === 'Failed' || status?.phase === 'Succeeded') return 0
    return Math.max(requested ?? spec.terminationGracePeriodSeconds ?? 30, 0)
  },
}

const gatesOf = ({ spec }: Pod): object[] => (spec as { schedulingGates?: object[] }).schedulingGates ?? []

/** The condition of a Pod that nobody is to schedule yet. */
const gated = (at: Date) => ({
  type: 'PodScheduled',
  status: 'False' as const,
  lastProbeTime: null,
  lastTransitionTime: toTime(at),
  reason: 'SchedulingGated',
  message: 'Scheduling is blocked due to non-empty scheduling gates',
})

const soundSpecs = new SoundTexts()

/** What holds for a Pod at any time. `specText` is its spec as JSON, where that is at hand. */
export function validatePod(pod: Pod, specText?: string): readonly FieldError[] {
  const { metadata, spec } = pod
  // A claim made for a volume is named after the Pod.
  const isNamed = spec.volumes?.some(({ ephemeral }) => ephemeral)
  return collect(
    podAnnotationFaults(metadata.annotations, pod, 'metadata.annotations'),
    specText === undefined || isNamed ? specFaults(pod) : soundSpecs.check(specText, () => specFaults(pod)),
  )
}

function specFaults({ metadata, spec }: Pod): readonly FieldError[] {
  return collect(
    validatePodSpec(spec, 'spec', { podName: metadata.name, isPod: true }),
    !spec.serviceAccountName && tokenFaults(spec),
    (spec.containers ?? []).flatMap((container, i) => imageFaults(container, `spec.containers[${i}]`)),
    (spec.initContainers ?? []).flatMap((container, i) =>
      imageFaults(container, `spec.initContainers[${i}]`),
    ),
  )
}

function metadataFaults({ metadata }: Pod, old: Pod): readonly FieldError[] {
  return collect(
    podAnnotationFaults(metadata.annotations, old, 'metadata.annotations'),
    annotationUpdateFaults(metadata.annotations, old.metadata.annotations),
  )
}

function tokenFaults({ volumes = [] }: Pod['spec']): readonly FieldError[] {
  return volumes.flatMap(({ projected }, v) =>
    (projected?.sources ?? []).flatMap(({ serviceAccountToken }, s) =>
      serviceAccountToken
        ? [
            forbiddenField(
              `spec.volumes[${v}].projected.sources[${s}].serviceAccountToken`,
              'must not be specified when serviceAccountName is not set',
            ),
          ]
        : [],
    ),
  )
}

function createFaults(pod: Pod): readonly FieldError[] {
  const { metadata, spec } = pod
  return collect(
    spec.ephemeralContainers?.length && [
      forbiddenField('spec.ephemeralContainers', 'cannot be set on create'),
    ],
    spec.nodeName &&
      gatesOf(pod).length > 0 && [
        forbiddenField('spec.nodeName', 'cannot be set until all schedulingGates have been cleared'),
      ],
    profileMatchFaults(metadata.annotations, spec, 'spec'),
  )
}
