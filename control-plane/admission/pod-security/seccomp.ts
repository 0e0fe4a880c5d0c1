import { type Check, type Checked, containersOf, type Holder, naming, sortedQuoted } from './check.ts'

const seccompOf = ({ securityContext }: Holder): string | undefined => securityContext?.seccompProfile?.type
const isFineSeccomp = (type: string | undefined): boolean => type === 'RuntimeDefault' || type === 'Localhost'

function badSeccomp(pod: Checked): string[] {
  const isWrong = (holder: Holder): boolean =>
    seccompOf(holder) !== undefined && !isFineSeccomp(seccompOf(holder))
  const containers = containersOf(pod).filter(isWrong)
  const who = [...(isWrong(pod.spec) ? ['pod'] : []), ...(containers.length > 0 ? [naming(containers)] : [])]
  if (who.length === 0) return []
  const types = sortedQuoted([pod.spec, ...containers].filter(isWrong).map(holder => seccompOf(holder)!))
  return [`${who.join(' and ')} must not set securityContext.seccompProfile.type to ${types}`]
}

export const seccompBaseline: Check = pod => {
  const [detail] = badSeccomp(pod)
  return detail === undefined ? undefined : { reason: 'seccompProfile', detail }
}

export const seccompRestricted: Check = pod => {
  const wrong = badSeccomp(pod)
  const silent = containersOf(pod).filter(container => seccompOf(container) === undefined)
  const isOpen = !isFineSeccomp(seccompOf(pod.spec)) && seccompOf(pod.spec) === undefined
  if (wrong.length === 0 && isOpen && silent.length > 0) {
    const must = 'must set securityContext.seccompProfile.type to "RuntimeDefault" or "Localhost"'
    return { reason: 'seccompProfile', detail: `pod or ${naming(silent)} ${must}` }
  }
  return wrong.length > 0 ? { reason: 'seccompProfile', detail: wrong.join('; ') } : undefined
}

const SECCOMP_POD = 'seccomp.security.alpha.kubernetes.io/pod'
const SECCOMP_CONTAINER = 'container.seccomp.security.alpha.kubernetes.io/'

const isFineAnnotation = (value: string): boolean =>
  value === 'runtime/default' || value === 'docker/default' || value.startsWith('localhost/')

/** Before v1.19 profiles were told of in annotations. */
export const seccompAnnotations: Check = pod => {
  const notes: Record<string, string> = pod.metadata?.annotations ?? {}
  const keys = [SECCOMP_POD, ...containersOf(pod).map(({ name }) => `${SECCOMP_CONTAINER}${name}`)]
  const wrong = keys
    .filter(key => notes[key] !== undefined && !isFineAnnotation(notes[key]))
    .map(key => `${key}=${JSON.stringify(notes[key])}`)
    .sort()
  if (wrong.length === 0) return undefined
  const detail = `forbidden annotation${wrong.length === 1 ? '' : 's'} ${wrong.join(', ')}`
  return { reason: 'seccompProfile', detail }
}
