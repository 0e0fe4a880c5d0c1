import type { PodSpec } from '../../../api/kinds/types.ts'
import { type FieldError, forbiddenField } from '../../../api/meta/status.ts'
import { FINE } from '../rules/check.ts'

const SECCOMP_POD = 'seccomp.security.alpha.kubernetes.io/pod'
const SECCOMP = 'container.seccomp.security.alpha.kubernetes.io/'
const APP_ARMOR = 'container.apparmor.security.beta.kubernetes.io/'
const LOCALHOST = 'localhost/'
const LISTS = ['initContainers', 'containers', 'ephemeralContainers'] as const

interface Profile {
  type?: string
  localhostProfile?: string
}

/** How a type is written in an annotation. */
const WORDS: Record<string, string[]> = {
  Unconfined: ['unconfined'],
  RuntimeDefault: ['runtime/default', 'docker/default'],
}

/** What an annotation and a field say of one profile must be the same. */
function matchFaults(note: string, profile: Profile, what: string, path: string): readonly FieldError[] {
  const { type = '', localhostProfile } = profile
  const refuse = (field: string, which: string): readonly FieldError[] => [
    forbiddenField(`${path}.${field}`, `${what} ${which} in annotation and field must match`),
  ]
  if (type === 'Localhost') {
    if (!note.startsWith(LOCALHOST)) return refuse('type', 'type')
    return note.slice(LOCALHOST.length) === localhostProfile ? FINE : refuse('localhostProfile', 'profile')
  }
  const words = WORDS[type]
  return !words || words.includes(note) ? FINE : refuse('type', 'type')
}

/** Profiles told of in annotations, as of old, and in fields. */
export function profileMatchFaults(
  annotations: Record<string, string> | undefined,
  spec: PodSpec,
  path: string,
): readonly FieldError[] {
  if (!annotations) return FINE
  const context = spec.securityContext as { seccompProfile?: Profile; appArmorProfile?: Profile } | undefined
  const faults: FieldError[] = []
  const own = annotations[SECCOMP_POD]
  if (own !== undefined && context?.seccompProfile) {
    faults.push(
      ...matchFaults(own, context.seccompProfile, 'seccomp', `${path}.securityContext.seccompProfile`),
    )
  }
  const each = (prefix: string, field: 'seccompProfile' | 'appArmorProfile', what: string): void => {
    for (const list of LISTS) {
      ;((spec[list] ?? []) as any[]).forEach(({ name, securityContext }, i) => {
        const note = annotations[`${prefix}${name}`]
        const inherited = field === 'appArmorProfile' ? context?.appArmorProfile : undefined
        const profile = securityContext?.[field] ?? inherited
        if (note === undefined || !profile) return
        faults.push(...matchFaults(note, profile, what, `${path}.${list}[${i}].securityContext.${field}`))
      })
    }
  }
  each(SECCOMP, 'seccompProfile', 'seccomp')
  if ((spec as { os?: { name?: string } }).os?.name !== 'windows')
    each(APP_ARMOR, 'appArmorProfile', 'apparmor')
  return faults
}
