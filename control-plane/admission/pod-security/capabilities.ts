import type { Container } from '../../../api/kinds/types.ts'
import { type Check, type Checked, containersOf, naming, sortedQuoted } from './check.ts'

const ADDABLE = new Set([
  'AUDIT_WRITE',
  'CHOWN',
  'DAC_OVERRIDE',
  'FOWNER',
  'FSETID',
  'KILL',
  'MKNOD',
  'NET_BIND_SERVICE',
  'SETFCAP',
  'SETGID',
  'SETPCAP',
  'SETUID',
  'SYS_CHROOT',
])

const addedBy = (container: Container, allowed: (name: string) => boolean): string[] =>
  (container.securityContext?.capabilities?.add ?? []).filter(name => !allowed(name))

function addedDetail(pod: Checked, allowed: (name: string) => boolean): string[] {
  const wrong = containersOf(pod).filter(container => addedBy(container, allowed).length > 0)
  if (wrong.length === 0) return []
  const names = sortedQuoted(wrong.flatMap(container => addedBy(container, allowed)))
  return [`${naming(wrong)} must not include ${names} in securityContext.capabilities.add`]
}

export const defaultCapabilities: Check = pod => {
  const [detail] = addedDetail(pod, name => ADDABLE.has(name))
  return detail === undefined ? undefined : { reason: 'non-default capabilities', detail }
}

const dropsAll = ({ securityContext }: Container): boolean =>
  securityContext?.capabilities?.drop?.includes('ALL') ?? false

export const unrestrictedCapabilities: Check = pod => {
  const keeping = containersOf(pod).filter(container => !dropsAll(container))
  const details = [
    ...(keeping.length > 0 ? [`${naming(keeping)} must set securityContext.capabilities.drop=["ALL"]`] : []),
    ...addedDetail(pod, name => name === 'NET_BIND_SERVICE'),
  ]
  return details.length > 0 ? { reason: 'unrestricted capabilities', detail: details.join('; ') } : undefined
}
