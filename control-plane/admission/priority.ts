import type { InformerFactory } from '../../api/client/client.ts'
import { resourceName } from '../../api/kinds/kind.ts'
import { priorityClasses } from '../../api/kinds/scheduling.ts'
import type { Pod, PriorityClass } from '../../api/kinds/types.ts'
import { hasKeptSpec } from '../../api/meta/kept-spec.ts'
import { forbidden } from '../../api/meta/status.ts'
import type { AdmissionAttributes, AdmissionPlugin } from '../../plugins/admission.ts'

/** Classes that are there without an object. */
const SYSTEM: Record<string, number> = {
  'system-cluster-critical': 2_000_000_000,
  'system-node-critical': 2_000_001_000,
}
const PREEMPTS = 'PreemptLowerPriority'

/** Makes a number and a policy of a Pod's priorityClassName, and keeps the cluster to one default class. */
export function priorityAdmission(informers: InformerFactory): AdmissionPlugin {
  const cache = informers.informer(priorityClasses)
  /** Of several defaults, which only a race can leave, the lowest. */
  const defaultClass = (): any =>
    cache
      .list()
      .filter(({ globalDefault }) => globalDefault)
      .sort((a, b) => (a.value ?? 0) - (b.value ?? 0))[0]
  return {
    name: 'Priority',
    handles({ operation, kind, subresource }) {
      if (subresource !== '' || (operation !== 'CREATE' && operation !== 'UPDATE')) return false
      const resource = resourceName(kind)
      return resource === 'pods' || resource === 'priorityclasses.scheduling.k8s.io'
    },
    mutate(attributes) {
      if (attributes.kind.plural !== 'pods') return
      if (attributes.operation === 'UPDATE') keepPriority(attributes)
      else setPriority(attributes, defaultClass, name => cache.get(name))
    },
    validate({ kind, object, operation, name }) {
      if (kind.plural === 'pods' || !(object as PriorityClass).globalDefault) return
      const other = defaultClass()?.metadata.name
      if (other === undefined || (operation === 'UPDATE' && other === name)) return
      const why = `PriorityClass ${other} is already marked as default. Only one default can exist`
      throw forbidden(kind, object?.metadata.name || name, why)
    },
  }
}

/** An update that leaves out what this plugin filled in changes nothing. */
function keepPriority({ object, oldObject }: AdmissionAttributes): void {
  const [pod, old] = [object, oldObject] as Pod[]
  if (hasKeptSpec(pod!, old!)) return
  for (const field of ['priority', 'preemptionPolicy'] as const) {
    if (pod!.spec[field] === undefined && old!.spec[field] !== undefined) {
      pod!.spec[field] = old!.spec[field] as never
    }
  }
}

function setPriority(
  { object, name }: AdmissionAttributes,
  defaultClass: () => any,
  classOf: (name: string) => any,
): void {
  const { metadata, spec } = object as Pod
  const refuse = (why: string): Error => forbidden({ group: '', plural: 'pods' }, metadata.name || name, why)
  const wanted = spec.priorityClassName
  const found = wanted ? classOf(wanted) : defaultClass()
  if (wanted && !found && SYSTEM[wanted] === undefined) {
    throw refuse(`no PriorityClass with name ${wanted} was found`)
  }
  if (found && !wanted) spec.priorityClassName = found.metadata.name
  const value: number = found ? (found.value ?? 0) : (SYSTEM[wanted ?? ''] ?? 0)
  const policy: string = found?.preemptionPolicy ?? PREEMPTS
  if (spec.priority !== undefined && spec.priority !== value) {
    throw refuse(
      `the integer value of priority (${spec.priority}) must not be provided in pod spec; priority admission controller computed ${value} from the given PriorityClass name`,
    )
  }
  if (spec.preemptionPolicy !== undefined && spec.preemptionPolicy !== policy) {
    throw refuse(
      `the string value of PreemptionPolicy (${spec.preemptionPolicy}) must not be provided in pod spec; priority admission controller computed ${policy} from the given PriorityClass name`,
    )
  }
  spec.priority = value
  spec.preemptionPolicy = policy
}
