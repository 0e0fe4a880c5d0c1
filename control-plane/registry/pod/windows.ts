import type { PodSpec } from '../../../api/kinds/types.ts'
import { type FieldError, forbiddenField, invalidValue } from '../../../api/meta/status.ts'
import { collect, FINE, fields, type Rule } from '../rules/check.ts'
import { subdomain } from '../rules/values.ts'

const MOST_CREDENTIALS = 64
const MOST_DOMAIN = 256
const MOST_USER = 104
/** ASCII's control characters. */
const CONTROL = /\p{Cc}/u
const NET_BIOS = /^[^\\/:*?"<>|.][^\\/:*?"<>|]{0,14}$/
const DNS_LABEL = '[a-zA-Z0-9](?:[a-zA-Z0-9-]{0,61}[a-zA-Z0-9])?'
const DNS = new RegExp(`^${DNS_LABEL}(?:\\.${DNS_LABEL})*$`)
const FORBIDDEN_LETTERS = /["/\\:;|=,+*?<>@[\]]/
const ONLY_DOTS = /^[. ]+$/

const credentials: Rule<string> = (value, path) => {
  const size = Buffer.byteLength(value)
  if (size === 0) return [invalidValue(path, value, 'gmsaCredentialSpec cannot be an empty string')]
  if (size <= MOST_CREDENTIALS * 1024) return FINE
  return [invalidValue(path, value, `gmsaCredentialSpec size must be under ${MOST_CREDENTIALS} KiB`)]
}

/** `DOMAIN\USER`, the domain may be left out. */
const userName: Rule<string> = (value, path) => {
  const refuse = (detail: string): FieldError[] => [invalidValue(path, value, detail)]
  if (value === '') return refuse('runAsUserName cannot be an empty string')
  if (CONTROL.test(value)) return refuse('runAsUserName cannot contain control characters')
  const parts = value.split('\\')
  if (parts.length > 2) return refuse('runAsUserName cannot contain more than one backslash')
  const user = parts.at(-1)!
  const domain = parts.length === 2 ? parts[0]! : undefined
  return collect(
    (domain ?? '').length >= MOST_DOMAIN &&
      refuse(`runAsUserName's Domain length must be under ${MOST_DOMAIN} characters`),
    domain !== undefined &&
      !NET_BIOS.test(domain) &&
      !DNS.test(domain) &&
      refuse("runAsUserName's Domain doesn't match the NetBios nor the DNS format"),
    user === '' && refuse("runAsUserName's User cannot be empty"),
    user.length > MOST_USER &&
      refuse(`runAsUserName's User length must not be longer than ${MOST_USER} characters`),
    ONLY_DOTS.test(user) && refuse("runAsUserName's User cannot contain only periods or spaces"),
    FORBIDDEN_LETTERS.test(user) &&
      refuse('runAsUserName\'s User cannot contain the following characters: "/\\:;|=,+*?<>@[]'),
  )
}

const options = fields({ gmsaCredentialSpecName: subdomain })

/** A core/v1 WindowsSecurityContextOptions. */
export const windowsOptions: Rule = (given, path) =>
  collect(
    options(given, path),
    given.gmsaCredentialSpec !== undefined &&
      credentials(given.gmsaCredentialSpec, `${path}.gmsaCredentialSpec`),
    given.runAsUserName !== undefined && userName(given.runAsUserName, `${path}.runAsUserName`),
  )

const LISTS = ['initContainers', 'containers', 'ephemeralContainers'] as const

/** All containers with their paths, in the order in which upstream visits them. */
function visit(spec: PodSpec, path: string, faultsOf: (container: any, at: string) => readonly FieldError[]) {
  return LISTS.flatMap(list =>
    ((spec[list] ?? []) as object[]).flatMap((container, i) => faultsOf(container, `${path}.${list}[${i}]`)),
  )
}

const hostProcessOf = ({ securityContext }: any): boolean | undefined =>
  securityContext?.windowsOptions?.hostProcess

/** A Pod's containers all run as processes of a Windows host, or none of them. */
export function hostProcessFaults(spec: PodSpec, path: string): readonly FieldError[] {
  const own = hostProcessOf(spec)
  const containers = LISTS.flatMap(list => (spec[list] ?? []) as object[])
  if (own === undefined && containers.every(container => hostProcessOf(container) === undefined)) return FINE
  const differing = visit(spec, path, (container, at) => {
    const value = hostProcessOf(container)
    if (own === undefined || value === undefined || own === value) return []
    const detail = `pod hostProcess value must be identical if both are specified, was ${own}`
    return [invalidValue(`${at}.securityContext.windowsOptions.hostProcess`, value, detail)]
  })
  const count = containers.filter(container => hostProcessOf(container) ?? own).length
  if (count === 0) return differing
  const all = 'If pod contains any hostProcess containers then all containers must be HostProcess containers'
  const network = 'hostNetwork must be true if pod contains any hostProcess containers'
  return collect(
    differing,
    count !== containers.length && [invalidValue(path, '', all)],
    !spec.hostNetwork && [invalidValue(`${path}.hostNetwork`, false, network)],
  )
}

/** Fields of a Pod that only mean something on Linux, in the order in which upstream looks at them. */
const LINUX_ONLY = [
  'securityContext.appArmorProfile',
  'securityContext.seLinuxOptions',
  'hostUsers',
  'hostPID',
  'hostIPC',
  'securityContext.seccompProfile',
  'securityContext.fsGroup',
  'securityContext.fsGroupChangePolicy',
  'securityContext.sysctls',
  'shareProcessNamespace',
  'securityContext.runAsUser',
  'securityContext.runAsGroup',
  'securityContext.supplementalGroups',
  'securityContext.supplementalGroupsPolicy',
  'securityContext.seLinuxChangePolicy',
]
/** Those that are as good as left out when they are false or empty. */
const EMPTY_IS_NONE = new Set(['hostPID', 'hostIPC', 'securityContext.sysctls'])

const LINUX_ONLY_OF_CONTAINERS = [
  'appArmorProfile',
  'seLinuxOptions',
  'seccompProfile',
  'capabilities',
  'readOnlyRootFilesystem',
  'privileged',
  'allowPrivilegeEscalation',
  'procMount',
  'runAsUser',
  'runAsGroup',
]

const NOT_ON_WINDOWS = 'cannot be set for a windows pod'
const NOT_ON_LINUX = 'windows options cannot be set for a linux pod'

function isSet(spec: any, field: string): boolean {
  const value = field.startsWith('securityContext.')
    ? spec.securityContext?.[field.slice('securityContext.'.length)]
    : spec[field]
  if (value === undefined || value === null) return false
  return !EMPTY_IS_NONE.has(field) || (Array.isArray(value) ? value.length > 0 : Boolean(value))
}

/** What a Pod that names its system may not say of the other one. */
export function systemFaults(spec: PodSpec, path: string): readonly FieldError[] {
  const name = (spec as { os?: { name?: string } }).os?.name
  if (name === 'linux') {
    return collect(
      spec.securityContext?.windowsOptions && [
        forbiddenField(`${path}.securityContext.windowsOptions`, NOT_ON_LINUX),
      ],
      visit(spec, path, ({ securityContext }, at) =>
        securityContext?.windowsOptions
          ? [forbiddenField(`${at}.securityContext.windowsOptions`, NOT_ON_LINUX)]
          : [],
      ),
    )
  }
  if (name !== 'windows') return FINE
  return collect(
    LINUX_ONLY.filter(field => isSet(spec, field)).map(field =>
      forbiddenField(`${path}.${field}`, NOT_ON_WINDOWS),
    ),
    visit(spec, path, ({ securityContext }, at) =>
      LINUX_ONLY_OF_CONTAINERS.filter(field => isSet(securityContext ?? {}, field)).map(field =>
        forbiddenField(`${at}.securityContext.${field}`, NOT_ON_WINDOWS),
      ),
    ),
  )
}
