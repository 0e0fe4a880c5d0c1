import type { ContainerStatus, Pod, PodStatus } from '../../../api/kinds/types.ts'
import { hasKeptSpec } from '../../../api/meta/kept-spec.ts'
import { duplicateValue, type FieldError, forbiddenField, invalidValue } from '../../../api/meta/status.ts'
import { ip, ipFamily } from '../rules/addresses.ts'
import { collect, FINE, fields, must, unchanged } from '../rules/check.ts'
import { qualifiedName, subdomain } from '../rules/values.ts'
import { annotationUpdateFaults } from './annotations.ts'
import { dropDisabledStatus } from './disabled-fields.ts'

const SYSTEM_CONDITIONS = new Set(['PodScheduled', 'Ready', 'Initialized'])

const status = fields({ nominatedNodeName: subdomain })

/**
 * What a write of the status does not take away by leaving it out: old kubelets know nothing of quality classes and of
 * generations.
 */
export function keepOfStatus(pod: Pod, old: Pod): void {
  pod.status ??= {}
  const status: PodStatus = pod.status
  const before: PodStatus = old.status ?? {}
  if (!status.qosClass && before.qosClass) status.qosClass = before.qosClass
  if (!status.observedGeneration && before.observedGeneration) {
    status.observedGeneration = before.observedGeneration
  }
  if (status.conditions && before.conditions) keepGenerations(status.conditions, before.conditions)
  dropDisabledStatus(status)
}

type Conditions = { type: string; observedGeneration?: number }[]

/** Of several conditions of one type, the first is the first. */
function keepGenerations(conditions: Conditions, old: Conditions): void {
  const taken = new Set<object>()
  for (const condition of conditions) {
    const before = old.find(other => other.type === condition.type && !taken.has(other))
    if (!before) continue
    taken.add(before)
    if (!condition.observedGeneration && before.observedGeneration) {
      condition.observedGeneration = before.observedGeneration
    }
  }
}

/** What a Pod's status may not say. */
export function validatePodStatus(pod: Pod, old: Pod): readonly FieldError[] {
  const { status: wanted = {} } = pod
  const before = old.status ?? {}
  // Of two that are the same, the shared one is read without a copy being made.
  const isKept = hasKeptSpec(pod, old)
  const specified = isKept ? old : pod
  return collect(
    annotationUpdateFaults(pod.metadata.annotations, old.metadata.annotations),
    ...(wanted.conditions ?? []).map((condition, i) => conditionFaults(condition, `status.conditions[${i}]`)),
    !isKept &&
      pod.spec.nodeName !== old.spec.nodeName && [
        forbiddenField('status.nodeName', 'may not be changed directly'),
      ],
    wanted.nominatedNodeName !== before.nominatedNodeName && status(wanted, 'status'),
    generationFaults(wanted, 'status'),
    unchanged('status.qosClass', wanted.qosClass ?? before.qosClass, before.qosClass ?? wanted.qosClass),
    revivals(
      wanted.containerStatuses,
      before.containerStatuses,
      'containerStatuses',
      () => specified.spec.restartPolicy,
    ),
    revivals(wanted.initContainerStatuses, before.initContainerStatuses, 'initContainerStatuses', name =>
      isSidecar(specified, name) ? 'Always' : specified.spec.restartPolicy,
    ),
    revivals(
      wanted.ephemeralContainerStatuses,
      before.ephemeralContainerStatuses,
      'ephemeralContainerStatuses',
      () => 'Never',
    ),
    claimFaults(wanted, specified),
    addressFaults(wanted.podIPs ?? [], 'status.podIPs'),
    hostAddressFaults(wanted),
  )
}

const generationFaults = fields({
  observedGeneration: must(generation => generation >= 0, 'must be a non-negative integer'),
})

function conditionFaults(condition: { type: string }, path: string): readonly FieldError[] {
  return collect(
    generationFaults(condition, path),
    !SYSTEM_CONDITIONS.has(condition.type) && qualifiedName(condition.type, `${path}.Type`),
  )
}

/** What was made for the Pod's claims on devices. */
function claimFaults({ resourceClaimStatuses = [] }: PodStatus, { spec }: Pod): readonly FieldError[] {
  const seen = new Set<string>()
  return resourceClaimStatuses.flatMap(({ name, resourceClaimName }, i) => {
    const at = `status.resourceClaimStatuses[${i}].name`
    const isKnown = (spec.resourceClaims ?? []).some(claim => claim.name === name)
    const isRepeated = seen.has(name)
    seen.add(name)
    return collect(
      !isKnown && [invalidValue(at, name, 'must match the name of an entry in `spec.resourceClaims`')],
      isRepeated && [duplicateValue(at, name)],
      resourceClaimName !== undefined && subdomain(resourceClaimName, at),
    )
  })
}

type Addresses = readonly { ip?: string }[]

/** One address of each family at most. */
function addressFaults(addresses: Addresses, path: string): readonly FieldError[] {
  const faults = collect(...addresses.map(({ ip: address = '' }, i) => ip(address, `${path}[${i}]`)))
  if (addresses.length < 2) return faults
  const detail = 'may specify no more than one IP for each IP family'
  const families = new Set(addresses.map(({ ip: address = '' }) => ipFamily(address)))
  return collect(
    faults,
    (families.size < 2 || addresses.length > 2) && [invalidValue(path, addresses, detail)],
  )
}

function hostAddressFaults({ hostIP = '', hostIPs = [] }: PodStatus): readonly FieldError[] {
  const [first] = hostIPs
  if (!first) return FINE
  const at = 'status.hostIPs'
  return collect(
    hostIP !== (first.ip ?? '') && [invalidValue(`${at}[0].ip`, first.ip ?? '', 'must be equal to `hostIP`')],
    addressFaults(hostIPs, at),
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
    if (!state?.terminated) return []
    const policy = policyOf(name)
    if (policy === 'Always') return []
    if (state.terminated.exitCode !== 0 && policy === 'OnFailure') return []
    const runs = wanted.some(other => other.name === name && !other.state?.terminated)
    const detail = 'may not be transitioned to non-terminated state'
    return runs ? [forbiddenField(`status.${field}[${i}].state`, detail)] : []
  })
}
