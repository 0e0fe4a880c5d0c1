import type { Volume } from '../../../api/kinds/types.ts'
import { unrestrictedCapabilities } from './capabilities.ts'
import {
  type Check,
  containersOf,
  eachContainer,
  type Holder,
  naming,
  onlyLinux,
  quoted,
  type Versions,
} from './check.ts'
import { seccompRestricted } from './seccomp.ts'

const ALLOWED_VOLUMES = [
  'configMap',
  'csi',
  'downwardAPI',
  'emptyDir',
  'ephemeral',
  'image',
  'persistentVolumeClaim',
  'projected',
  'secret',
]

const restrictedVolumes: Check = ({ spec }) => {
  const wrong = (spec.volumes ?? []).filter(volume => !ALLOWED_VOLUMES.some(type => type in volume))
  if (wrong.length === 0) return undefined
  const typeOf = (volume: Volume): string => Object.keys(volume).find(key => key !== 'name') ?? 'unknown'
  const types = [...new Set<string>(wrong.map(typeOf))].sort()
  const names = quoted(wrong.map(({ name }) => name))
  const [volumes, verb] = wrong.length === 1 ? ['volume', 'uses'] : ['volumes', 'use']
  return {
    reason: 'restricted volume types',
    detail: `${volumes} ${names} ${verb} restricted volume type${types.length === 1 ? '' : 's'} ${quoted(types)}`,
  }
}

const allowPrivilegeEscalation = eachContainer(
  'allowPrivilegeEscalation != false',
  ({ securityContext }) => securityContext?.allowPrivilegeEscalation !== false,
  'must set securityContext.allowPrivilegeEscalation=false',
)

const runAsNonRoot: Check = pod => {
  const own = pod.spec.securityContext?.runAsNonRoot
  const chosen = ({ securityContext }: Holder): boolean | undefined => securityContext?.runAsNonRoot
  const roots = containersOf(pod).filter(container => chosen(container) === false)
  const silent = containersOf(pod).filter(container => chosen(container) === undefined)
  const who = [...(own === false ? ['pod'] : []), ...(roots.length > 0 ? [naming(roots)] : [])]
  const reason = 'runAsNonRoot != true'
  if (who.length > 0) {
    return { reason, detail: `${who.join(' and ')} must not set securityContext.runAsNonRoot=false` }
  }
  if (own === true || silent.length === 0) return undefined
  return { reason, detail: `pod or ${naming(silent)} must set securityContext.runAsNonRoot=true` }
}

const runAsUser: Check = pod => {
  const isRoot = ({ securityContext }: Holder): boolean => securityContext?.runAsUser === 0
  const roots = containersOf(pod).filter(isRoot)
  const who = [...(isRoot(pod.spec) ? ['pod'] : []), ...(roots.length > 0 ? [naming(roots)] : [])]
  return who.length > 0
    ? { reason: 'runAsUser=0', detail: `${who.join(' and ')} must not set runAsUser=0` }
    : undefined
}

/** By upstream's names of them, in the order they are told. */
export const RESTRICTED: Record<string, Versions> = {
  allowPrivilegeEscalation: [
    [8, allowPrivilegeEscalation],
    [25, onlyLinux(allowPrivilegeEscalation)],
  ],
  capabilities_restricted: [
    [22, unrestrictedCapabilities],
    [25, onlyLinux(unrestrictedCapabilities)],
  ],
  restrictedVolumes: [[0, restrictedVolumes]],
  runAsNonRoot: [[0, runAsNonRoot]],
  runAsUser: [[23, runAsUser]],
  seccompProfile_restricted: [
    [19, seccompRestricted],
    [25, onlyLinux(seccompRestricted)],
  ],
}
