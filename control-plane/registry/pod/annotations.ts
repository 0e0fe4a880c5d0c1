import type { PodSpec } from '../../../api/kinds/types.ts'
import { type FieldError, forbiddenField, invalidValue } from '../../../api/meta/status.ts'
import { collect, FINE } from '../rules/check.ts'
import { descendingPath } from '../rules/values.ts'

const MIRROR = 'kubernetes.io/config.mirror'
const DELETION_COST = 'controller.kubernetes.io/pod-deletion-cost'
const APP_ARMOR = 'container.apparmor.security.beta.kubernetes.io/'
const SECCOMP_POD = 'seccomp.security.alpha.kubernetes.io/pod'
const SECCOMP_CONTAINER = 'container.seccomp.security.alpha.kubernetes.io/'
const LOCALHOST = 'localhost/'

type Annotations = Record<string, string>

/** A static Pod's stand-in in the API. */
export const isMirror = (annotations: Annotations | undefined): boolean => annotations?.[MIRROR] !== undefined

/** What is wrong with the annotations that mean something for a Pod. */
export function podAnnotationFaults(
  annotations: Annotations | undefined,
  pod: { spec: PodSpec },
  path: string,
): readonly FieldError[] {
  if (!annotations) return FINE
  const mirror = annotations[MIRROR]
  const cost = annotations[DELETION_COST]
  return collect(
    mirror !== undefined &&
      !pod.spec.nodeName && [
        invalidValue(`${path}[${MIRROR}]`, mirror, 'must set spec.nodeName if mirror pod annotation is set'),
      ],
    cost !== undefined &&
      !isInt32(cost) && [invalidValue(`${path}[${DELETION_COST}]`, cost, 'must be a 32bit integer')],
    ...Object.entries(annotations).map(([key, value]) => profileFaults(key, value, pod, path)),
  )
}

const isInt32 = (text: string): boolean =>
  /^(-?[1-9]\d*|0)$/.test(text) && Math.abs(Number(text) + 0.5) <= 2_147_483_648

function profileFaults(
  key: string,
  value: string,
  pod: { spec: PodSpec },
  path: string,
): readonly FieldError[] {
  if (key === SECCOMP_POD || key.startsWith(SECCOMP_CONTAINER)) return seccompFaults(value, `${path}.${key}`)
  if (!key.startsWith(APP_ARMOR)) return FINE
  const name = key.slice(APP_ARMOR.length)
  const at = `${path}[${key}]`
  const isKnown = containersOf(pod.spec).some(container => container.name === name)
  const isFormed = ['', 'runtime/default', 'unconfined'].includes(value) || value.startsWith(LOCALHOST)
  return collect(
    !isKnown && [invalidValue(at, name, 'container not found')],
    !isFormed && [invalidValue(at, value, `invalid AppArmor profile name: ${JSON.stringify(value)}`)],
  )
}

function seccompFaults(value: string, path: string): readonly FieldError[] {
  if (['runtime/default', 'docker/default', 'unconfined'].includes(value)) return FINE
  if (value.startsWith(LOCALHOST)) return descendingPath(value.slice(LOCALHOST.length), path)
  return [invalidValue(path, value, 'must be a valid seccomp profile')]
}

const containersOf = ({ containers = [], initContainers = [], ephemeralContainers = [] }: PodSpec) => [
  ...containers,
  ...initContainers,
  ...ephemeralContainers,
]

/** Annotations that say what a Pod is cannot be changed. */
export function annotationUpdateFaults(
  annotations: Annotations = {},
  old: Annotations = {},
  path = 'metadata.annotations',
): readonly FieldError[] {
  const faults: FieldError[] = []
  const refuse = (key: string, verb: string): void => {
    if (key.startsWith(APP_ARMOR)) {
      faults.push(forbiddenField(`${path}[${key}]`, `may not ${verb} AppArmor annotations`))
    }
    if (key === MIRROR)
      faults.push(forbiddenField(`${path}[${key}]`, `may not ${verb} mirror pod annotation`))
  }
  for (const [key, value] of Object.entries(old)) {
    if (annotations[key] !== value) refuse(key, 'remove or update')
  }
  for (const key of Object.keys(annotations)) if (old[key] === undefined) refuse(key, 'add')
  return faults
}
