import { isDeepStrictEqual } from 'node:util'
import type { Namespace, Pod, Toleration } from '../../../api/kinds/types.ts'
import { unexpectedError } from '../../../api/meta/status.ts'
import type { AdmissionAttributes, AdmissionPlugin } from '../../../plugins/admission.ts'
import { qosClass } from '../../registry/pod/qos.ts'
import type { NamespaceFinder } from '../matching/selection.ts'
import { isPodWrite } from '../pod-writes.ts'

/** podtolerationrestriction.admission.k8s.io/v1alpha1 Configuration: what holds in namespaces that say nothing. */
export interface TolerationSettings {
  default?: Toleration[]
  whitelist?: Toleration[]
}

const PREFIX = 'scheduler.alpha.kubernetes.io'
const DEFAULTS = `${PREFIX}/defaultTolerations`
const ALLOWED = `${PREFIX}/tolerationsWhitelist`
const MEMORY_PRESSURE: Toleration = {
  key: 'node.kubernetes.io/memory-pressure',
  operator: 'Exists',
  effect: 'NoSchedule',
}

/** Gives Pods the tolerations of their namespace, and lets them have no others than it allows. */
export function podTolerations(finder: NamespaceFinder, settings: TolerationSettings = {}): AdmissionPlugin {
  return {
    name: 'PodTolerationRestriction',
    handles: isPodWrite,
    async mutate(attributes) {
      const { operation, object, namespace } = attributes
      const { spec } = object as Pod
      const isNew = operation === 'CREATE'
      const given = isNew
        ? (tolerationsIn(await finder.find(namespace ?? ''), DEFAULTS) ?? settings.default ?? [])
        : []
      const extra = qosClass(object as Pod) === 'BestEffort' ? given : [...given, MEMORY_PRESSURE]
      if (extra.length > 0) spec.tolerations = mergeTolerations([...(spec.tolerations ?? []), ...extra])
      await check(attributes)
    },
    validate: check,
  }

  async function check({ object, namespace }: AdmissionAttributes): Promise<void> {
    const { tolerations = [] } = (object as Pod).spec
    if (tolerations.length === 0) return
    const own = tolerationsIn(await finder.find(namespace ?? ''), ALLOWED)
    const allowed = own ?? settings.whitelist ?? []
    if (allowed.length === 0 || tolerations.every(each => allowed.some(wide => covers(wide, each)))) return
    const scope = own ? 'namespace' : 'cluster'
    throw unexpectedError(
      `pod tolerations (possibly merged with namespace default tolerations) conflict with its ${scope} whitelist`,
    )
  }
}

/** Undefined where the namespace says nothing. @throws StatusError 500 for what is no list of tolerations */
function tolerationsIn({ metadata }: Namespace, annotation: string): Toleration[] | undefined {
  const text = metadata.annotations?.[annotation]
  if (text === undefined || text === '') return text === '' ? [] : undefined
  try {
    const read: unknown = JSON.parse(text)
    if (Array.isArray(read)) return read
    throw new Error('expected a list')
  } catch (cause) {
    throw unexpectedError(`annotation ${annotation}: ${(cause as Error).message}`, { cause })
  }
}

/** Of two of which one covers the other the wider one stays. */
function mergeTolerations(all: Toleration[]): Toleration[] {
  const merged: Toleration[] = []
  for (const [i, toleration] of all.entries()) {
    const isCovered =
      merged.some(wide => covers(wide, toleration)) ||
      all.slice(i + 1).some(later => !isDeepStrictEqual(later, toleration) && covers(later, toleration))
    if (!isCovered) merged.push(toleration)
  }
  return merged
}

/** Whether who has the first toleration bears all that the second one does. */
function covers(wide: Toleration, narrow: Toleration): boolean {
  if (isDeepStrictEqual(wide, narrow)) return true
  const { key = '', operator = '', effect = '', tolerationSeconds, value = '' } = wide
  const isForAll = key === '' && operator === 'Exists'
  if ((narrow.key ?? '') !== key && !isForAll) return false
  if (effect !== '' && (narrow.effect ?? '') !== effect) return false
  if (effect === 'NoExecute' && tolerationSeconds !== undefined) {
    if (narrow.tolerationSeconds === undefined || narrow.tolerationSeconds > tolerationSeconds) return false
  }
  if (operator === 'Exists') return true
  return (
    (operator === 'Equal' || operator === '') && narrow.operator === 'Equal' && (narrow.value ?? '') === value
  )
}
