import type { Container, PodSpec } from '../../../api/kinds/types.ts'
import {
  type FieldError,
  forbiddenField,
  invalidValue,
  notSupported,
  required as requiredError,
} from '../../../api/meta/status.ts'
import { all, collect, each, FINE, fields, oneOf, type Rule } from '../rules/check.ts'
import { descendingPath, unixId } from '../rules/values.ts'
import { windowsOptions } from './windows.ts'

const PROFILES = ['Localhost', 'RuntimeDefault', 'Unconfined']
const LONGEST_PROFILE = 4_095

const seccomp: Rule = (profile, path) => {
  const { type, localhostProfile } = profile
  const at = `${path}.localhostProfile`
  return collect(
    typeFaults(type, `${path}.type`, 'type is required when seccompProfile is set'),
    type === 'Localhost'
      ? localhostProfile === undefined
        ? [requiredError(at, 'must be set when seccomp type is Localhost')]
        : descendingPath(localhostProfile, at)
      : localhostProfile !== undefined && [
          invalidValue(at, profile, 'can only be set when seccomp type is Localhost'),
        ],
  )
}

function typeFaults(type: string | undefined, path: string, detail: string): readonly FieldError[] {
  if (!type) return [requiredError(path, detail)]
  return PROFILES.includes(type) ? FINE : [notSupported(path, type, PROFILES)]
}

const appArmor: Rule = ({ type, localhostProfile }, path) => {
  const at = `${path}.localhostProfile`
  if (type === 'Localhost') return localhostFaults(localhostProfile, at)
  if (type && PROFILES.includes(type) && localhostProfile !== undefined) {
    return [invalidValue(at, localhostProfile, 'can only be set when AppArmor type is Localhost')]
  }
  return typeFaults(type, `${path}.type`, 'type is required when appArmorProfile is set')
}

function localhostFaults(profile: string | undefined, at: string): readonly FieldError[] {
  if (profile === undefined || profile === '') {
    return [requiredError(at, 'must be set when AppArmor type is Localhost')]
  }
  return collect(
    profile.trim() !== profile && [invalidValue(at, profile, 'must not be padded with whitespace')],
    profile.length > LONGEST_PROFILE && [
      { type: 'FieldValueTooLong', field: at, detail: `may not be more than ${LONGEST_PROFILE} bytes` },
    ],
  )
}

const SYSCTL = '^([a-z0-9]([-_a-z0-9]*[a-z0-9])?[\\./])*[a-z0-9]([-_a-z0-9]*[a-z0-9])?$'
const sysctlPattern = new RegExp(SYSCTL)
const LONGEST_SYSCTL = 253
const NET = /^net[./]/
const IPC = /^(kernel[./](shm|msg|sem)|fs[./]mqueue[./])/

function sysctlFaults(
  { securityContext, hostNetwork, hostIPC }: PodSpec,
  path: string,
): readonly FieldError[] {
  const names = new Set<string>()
  return (securityContext?.sysctls ?? []).flatMap(({ name }, i) => {
    const at = `${path}[${i}].name`
    const isRepeated = names.has(name)
    names.add(name)
    const isValid = name && name.length <= LONGEST_SYSCTL && sysctlPattern.test(name)
    const rule = `must have at most ${LONGEST_SYSCTL} characters and match regex ${SYSCTL}`
    return collect(
      !name && [requiredError(at, '')],
      name && !isValid && [invalidValue(at, name, rule)],
      isValid && isRepeated && [{ type: 'FieldValueDuplicate', field: at, badValue: name, detail: '' }],
      hostNetwork &&
        NET.test(name) && [invalidValue(at, name, "may not be specified when 'hostNetwork' is true")],
      hostIPC && IPC.test(name) && [invalidValue(at, name, "may not be specified when 'hostIPC' is true")],
    )
  })
}

const beforeSysctls = fields({
  fsGroup: unixId,
  runAsUser: unixId,
  runAsGroup: unixId,
  supplementalGroups: each(unixId),
})
const afterSysctls = fields({
  fsGroupChangePolicy: oneOf('Always', 'OnRootMismatch'),
  seccompProfile: seccomp,
  windowsOptions,
  appArmorProfile: appArmor,
  supplementalGroupsPolicy: oneOf('Merge', 'Strict'),
  seLinuxChangePolicy: oneOf('MountOption', 'Recursive'),
})

/** A Pod's security context, and what of the host it shares. */
export function validatePodSecurity(spec: PodSpec, path: string): readonly FieldError[] {
  const { securityContext = {}, shareProcessNamespace: shared, hostPID } = spec
  const at = `${path}.securityContext`
  const detail = 'ShareProcessNamespace and HostPID cannot both be enabled'
  return collect(
    beforeSysctls(securityContext, at),
    shared && hostPID && [invalidValue(`${at}.shareProcessNamespace`, shared, detail)],
    sysctlFaults(spec, `${at}.sysctls`),
    afterSysctls(securityContext, at),
  )
}

const LISTS = ['initContainers', 'containers', 'ephemeralContainers'] as const

/** A Pod with users of its own shares no namespace with its host. */
export function hostUsersFaults(spec: PodSpec, path: string): readonly FieldError[] {
  if ((spec as { hostUsers?: boolean }).hostUsers !== false) return FINE
  const detail = 'when `hostUsers` is false'
  return collect(
    spec.hostNetwork && [forbiddenField(`${path}.hostNetwork`, detail)],
    spec.hostPID && [forbiddenField(`${path}.HostPID`, detail)],
    spec.hostIPC && [forbiddenField(`${path}.HostIPC`, detail)],
    ...LISTS.flatMap(list =>
      ((spec[list] ?? []) as Container[]).map(
        ({ volumeDevices = [] }, i) =>
          volumeDevices.length > 0 && [forbiddenField(`${path}.${list}[${i}].volumeDevices`, detail)],
      ),
    ),
  )
}

const procMount =
  (hostUsers: boolean): Rule<string> =>
  (value, path) =>
    collect(
      oneOf('Default', 'Unmasked')(value, path),
      hostUsers &&
        value === 'Unmasked' && [invalidValue(path, value, '`hostUsers` must be false to use `Unmasked`')],
    )

const escalation: Rule = (context, path) => {
  const { allowPrivilegeEscalation, privileged, capabilities } = context
  if (allowPrivilegeEscalation !== false) return FINE
  const what = (cause: string): string => `cannot set \`allowPrivilegeEscalation\` to false and ${cause}`
  return collect(
    privileged && [invalidValue(path, context, what('`privileged` to true'))],
    capabilities?.add?.includes('CAP_SYS_ADMIN') && [
      invalidValue(path, context, what('`capabilities.Add` CAP_SYS_ADMIN')),
    ],
  )
}

/** A container's security context. */
export const containerSecurity = (hostUsers: boolean): Rule =>
  all(
    fields({
      runAsUser: unixId,
      runAsGroup: unixId,
      procMount: procMount(hostUsers),
      seccompProfile: seccomp,
    }),
    escalation,
    fields({ windowsOptions, appArmorProfile: appArmor }),
  )
