import type { Container, Pod } from '../../../api/kinds/types.ts'
import { type FieldError, forbiddenField, invalidValue } from '../../../api/meta/status.ts'
import { collect, FINE, isSame } from '../rules/check.ts'
import type { Amounts } from '../rules/resources.ts'
import { isMirror } from './annotations.ts'
import { qosClass } from './qos.ts'

type Sized = Container & {
  restartPolicy?: string
  resizePolicy?: { resourceName: string; restartPolicy: string }[]
}

const LISTS = ['containers', 'initContainers'] as const
const RESIZABLE = ['cpu', 'memory']

/**
 * Of a write to `resize` only resources and how they are changed count. Containers that are not those of the Pod are left
 * for validation to refuse.
 */
export function keepAllButResources(pod: Pod, old: Pod): void {
  if (orderFaults(pod, old).length > 0) return
  const spec = structuredClone(old.spec)
  for (const list of LISTS) {
    for (const container of (spec[list] ?? []) as Sized[]) {
      const wanted = (pod.spec[list] as Sized[] | undefined)?.find(({ name }) => name === container.name)
      if (!wanted) continue
      container.resources = wanted.resources ?? {}
      if (wanted.resizePolicy) container.resizePolicy = wanted.resizePolicy
    }
  }
  pod.spec = spec
  if (old.status) pod.status = structuredClone(old.status)
}

const hasPodResources = ({ spec }: Pod): boolean => {
  const { limits, requests } =
    (spec as { resources?: { limits?: object; requests?: object } }).resources ?? {}
  return Object.keys({ ...limits, ...requests }).length > 0
}

/** A Pod's containers can get more and less of CPU and memory while they run. */
export function validateResize(pod: Pod, old: Pod): readonly FieldError[] {
  if (hasPodResources(pod) || hasPodResources(old)) {
    return [forbiddenField('', 'pods with pod-level resources cannot be resized')]
  }
  if (isMirror(old.metadata.annotations)) return [forbiddenField('', 'static pods cannot be resized')]
  if ((old.spec as { os?: { name: string } }).os?.name === 'windows') {
    return [forbiddenField('', 'windows pods cannot be resized')]
  }
  const quality = old.status?.qosClass ?? qosClass(old)
  const detail = 'Pod QOS Class may not change as a result of resizing'
  const pairsOf = (list: List): [wanted: Sized, old: Sized, path: string][] =>
    ((old.spec[list] ?? []) as Sized[]).map((container, i) => [
      (pod.spec[list] as Sized[])[i]!,
      container,
      `spec.${list}[${i}].resources`,
    ])
  const whole = collect(
    quality !== qosClass(pod) && [invalidValue('spec', pod.status?.qosClass ?? '', detail)],
    !isSupported(old) && [forbiddenField('spec', 'Pod running on node without support for resize')],
  )
  const misplaced = orderFaults(pod, old)
  if (misplaced.length > 0) return [...whole, ...misplaced]
  const [init, main] = [pairsOf('initContainers'), pairsOf('containers')]
  return collect(
    whole,
    ...init.filter(([, container]) => isSidecar(container)).map(removalFaults),
    ...main.map(removalFaults),
    ...main.map(([wanted, container]) => changeFaults(wanted, container, ONLY)),
    ...init.map(([wanted, container]) => initFaults(wanted, container)),
  )
}

type List = (typeof LISTS)[number]

/** Containers are told by their place: none comes, goes or changes its name. */
function orderFaults(pod: Pod, old: Pod): readonly FieldError[] {
  return LISTS.flatMap(list => {
    const [after, before] = [pod.spec[list] ?? [], old.spec[list] ?? []]
    const at = `spec.${list}`
    if (after.length !== before.length) {
      return [forbiddenField(at, `${list} may not be added or removed on resize`)]
    }
    return before.flatMap(({ name }, i) =>
      after[i]!.name === name
        ? []
        : [forbiddenField(`${at}[${i}].name`, `${list} may not be renamed or reordered on resize`)],
    )
  })
}

const isSidecar = ({ restartPolicy }: Sized): boolean => restartPolicy === 'Always'

/** A node that tells of a running container's resources can change them; one that runs nothing yet may be able to. */
function isSupported({ status }: Pod): boolean {
  const running = (status?.containerStatuses ?? []).find(({ state }) => state?.running)
  return !running || (running as { resources?: object }).resources !== undefined
}

function removalFaults([wanted, old, path]: [Sized, Sized, string]): readonly FieldError[] {
  const [after, before] = [amountsOf(wanted), amountsOf(old)]
  return collect(
    lacks(after.requests, before.requests) && [
      forbiddenField(`${path}.requests`, 'resource requests cannot be removed'),
    ],
    lacks(after.limits, before.limits) && [
      forbiddenField(`${path}.limits`, 'resource limits cannot be removed'),
    ],
  )
}

const ONLY = 'only cpu and memory resources are mutable'
const ONLY_OF_SIDECARS = 'only cpu and memory resources for sidecar containers are mutable'

function initFaults(wanted: Sized, old: Sized): readonly FieldError[] {
  if (isSidecar(wanted)) return changeFaults(wanted, old, ONLY_OF_SIDECARS)
  return isSame(wanted.resources ?? {}, old.resources ?? {}) && isSame(wanted.resizePolicy, old.resizePolicy)
    ? FINE
    : [forbiddenField('spec', 'resources for non-sidecar init containers are immutable')]
}

/** What may be changed besides CPU and memory: nothing, not even how they are changed. */
function changeFaults(wanted: Sized, old: Sized, detail: string): readonly FieldError[] {
  const [after, before] = [amountsOf(wanted), amountsOf(old)]
  const isFine = isSame(wanted.resizePolicy, old.resizePolicy) && !changesOthers(after, before)
  return isFine ? FINE : [forbiddenField('spec', detail)]
}

const amountsOf = ({ resources }: Container): { limits: Amounts; requests: Amounts } => ({
  limits: (resources?.limits ?? {}) as Amounts,
  requests: (resources?.requests ?? {}) as Amounts,
})

const lacks = (after: Amounts, before: Amounts): boolean =>
  Object.keys(before).some(name => after[name] === undefined)

function changesOthers(
  after: { limits: Amounts; requests: Amounts },
  before: { limits: Amounts; requests: Amounts },
): boolean {
  return (['limits', 'requests'] as const).some(list =>
    [...new Set([...Object.keys(after[list]), ...Object.keys(before[list])])]
      .filter(name => !RESIZABLE.includes(name))
      .some(name => after[list][name] !== before[list][name]),
  )
}
