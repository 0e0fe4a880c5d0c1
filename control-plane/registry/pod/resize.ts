import type { Container, Pod } from '../../../api/kinds/types.ts'
import { compareQuantity } from '../../../api/meta/quantity.ts'
import { type FieldError, forbiddenField, invalidValue } from '../../../api/meta/status.ts'
import { collect, FINE } from '../rules/check.ts'
import type { Amounts } from '../rules/resources.ts'
import { isMirror } from './annotations.ts'
import { qosClass } from './qos.ts'

type Sized = Container & {
  restartPolicy?: string
  resizePolicy?: { resourceName: string; restartPolicy: string }[]
}

const LISTS = ['containers', 'initContainers'] as const
const RESIZABLE = ['cpu', 'memory']

/** Of a write to `resize` only resources and how they are changed count. */
export function keepAllButResources(pod: Pod, old: Pod): void {
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
  return collect(
    quality !== qosClass(pod) && [invalidValue('spec', pod.status?.qosClass ?? '', detail)],
    ...LISTS.flatMap(list =>
      ((old.spec[list] ?? []) as Sized[]).map((container, i) =>
        containerFaults(list, i, (pod.spec[list] as Sized[])[i]!, container),
      ),
    ),
  )
}

function containerFaults(list: string, i: number, wanted: Sized, old: Sized): readonly FieldError[] {
  const isInit = list === 'initContainers'
  const isSidecar = isInit && wanted.restartPolicy === 'Always'
  const path = `spec.${list}[${i}].resources`
  const [after, before] = [amountsOf(wanted), amountsOf(old)]
  if (isInit && !isSidecar) {
    const isChanged = JSON.stringify(after) !== JSON.stringify(before)
    return isChanged
      ? [forbiddenField('spec', 'resources for non-sidecar init containers are immutable')]
      : FINE
  }
  const which = isSidecar ? 'only cpu and memory resources for sidecar containers are mutable' : ONLY
  return collect(
    lacks(after.requests, before.requests) && [
      forbiddenField(`${path}.requests`, 'resource requests cannot be removed'),
    ],
    lacks(after.limits, before.limits) && [
      forbiddenField(`${path}.limits`, 'resource limits cannot be removed'),
    ],
    memoryFaults(wanted, after.limits, before.limits, path),
    changesOthers(after, before) && [forbiddenField('spec', which)],
  )
}

const ONLY = 'only cpu and memory resources are mutable'

const amountsOf = ({ resources }: Container): { limits: Amounts; requests: Amounts } => ({
  limits: (resources?.limits ?? {}) as Amounts,
  requests: (resources?.requests ?? {}) as Amounts,
})

const lacks = (after: Amounts, before: Amounts): boolean =>
  Object.keys(before).some(name => after[name] === undefined)

/** Memory in use cannot be taken away from a container that goes on running. */
function memoryFaults(
  { resizePolicy = [] }: Sized,
  after: Amounts,
  before: Amounts,
  path: string,
): readonly FieldError[] {
  const policy = resizePolicy.find(({ resourceName }) => resourceName === 'memory')?.restartPolicy
  if (policy === 'RestartContainer' || after.memory === undefined) return FINE
  const at = `${path}.limits[memory]`
  const unless = 'unless resizePolicy is RestartContainer'
  if (before.memory === undefined) return [forbiddenField(at, `memory limits cannot be added ${unless}`)]
  return compareQuantity(after.memory, before.memory) < 0
    ? [forbiddenField(at, `memory limits cannot be decreased ${unless}`)]
    : FINE
}

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
