/** One rule of the Pod Security Standards: what is wrong with a Pod, or nothing. */
export type Check = (pod: any) => Fault | undefined

export interface Fault {
  reason: string
  detail?: string
}

export const containersOf = ({ spec }: any): any[] => [
  ...(spec.initContainers ?? []),
  ...(spec.containers ?? []),
  ...(spec.ephemeralContainers ?? []),
]

const quoted = (names: Iterable<string>): string => [...names].map(name => JSON.stringify(name)).join(', ')
const sortedQuoted = (names: Iterable<string>): string => quoted([...new Set(names)].sort())

/** `container "a"`, `containers "a", "b"`. */
const naming = (containers: any[]): string =>
  `container${containers.length === 1 ? '' : 's'} ${quoted(containers.map(({ name }) => name))}`

const isWindows = ({ spec }: any): boolean => spec.os?.name === 'windows'

/** A rule that every container must keep. */
const eachContainer =
  (reason: string, isWrong: (container: any, pod: any) => boolean, detail: string): Check =>
  pod => {
    const wrong = containersOf(pod).filter(container => isWrong(container, pod))
    return wrong.length > 0 ? { reason, detail: `${naming(wrong)} ${detail}` } : undefined
  }

const hostNamespaces: Check = ({ spec }) => {
  const set = ['hostNetwork', 'hostPID', 'hostIPC'].filter(name => spec[name])
  return set.length > 0
    ? { reason: 'host namespaces', detail: set.map(name => `${name}=true`).join(', ') }
    : undefined
}

const hostPathVolumes: Check = ({ spec }) => {
  const names = (spec.volumes ?? []).filter((volume: any) => volume.hostPath).map(({ name }: any) => name)
  return names.length > 0
    ? { reason: 'hostPath volumes', detail: `volume${names.length === 1 ? '' : 's'} ${quoted(names)}` }
    : undefined
}

const portsOf = ({ ports = [] }: any): number[] =>
  ports.map(({ hostPort }: any) => hostPort).filter((port: number | undefined) => port)

const hostPorts: Check = pod => {
  const wrong = containersOf(pod).filter(container => portsOf(container).length > 0)
  if (wrong.length === 0) return undefined
  const ports = [...new Set(wrong.flatMap(portsOf))].map(String).sort()
  const verb = wrong.length === 1 ? 'uses' : 'use'
  return {
    reason: 'hostPort',
    detail: `${naming(wrong)} ${verb} hostPort${ports.length === 1 ? '' : 's'} ${ports.join(', ')}`,
  }
}

const privileged = eachContainer(
  'privileged',
  ({ securityContext }) => securityContext?.privileged === true,
  'must not set securityContext.privileged=true',
)

const procMount: Check = pod => {
  const mountOf = ({ securityContext }: any): string => securityContext?.procMount ?? 'Default'
  const wrong = containersOf(pod).filter(container => mountOf(container) !== 'Default')
  if (wrong.length === 0) return undefined
  const types = sortedQuoted(wrong.map(mountOf))
  return {
    reason: 'procMount',
    detail: `${naming(wrong)} must not set securityContext.procMount to ${types}`,
  }
}

const SELINUX_TYPES = ['', 'container_t', 'container_init_t', 'container_kvm_t']

const seLinuxOptions =
  (types: readonly string[]): Check =>
  pod =>
    seLinuxFault(pod, new Set(types))

function seLinuxFault(pod: any, allowed: ReadonlySet<string>): Fault | undefined {
  const isWrong = ({ securityContext }: any): boolean => {
    const { type = '', user, role } = securityContext?.seLinuxOptions ?? {}
    return !allowed.has(type) || Boolean(user) || Boolean(role)
  }
  const containers = containersOf(pod).filter(isWrong)
  const setters = [...(isWrong(pod.spec) ? [pod.spec] : []), ...containers]
  if (setters.length === 0) return undefined
  const options = setters.map(({ securityContext }: any) => securityContext.seLinuxOptions)
  const types = options.map(({ type = '' }: any) => type).filter((type: string) => !allowed.has(type))
  const who = [...(isWrong(pod.spec) ? ['pod'] : []), ...(containers.length > 0 ? [naming(containers)] : [])]
  const what = [
    ...(types.length > 0 ? [`type${types.length === 1 ? '' : 's'} ${sortedQuoted(types)}`] : []),
    ...(options.some(({ user }: any) => user) ? ['user may not be set'] : []),
    ...(options.some(({ role }: any) => role) ? ['role may not be set'] : []),
  ]
  return {
    reason: 'seLinuxOptions',
    detail: `${who.join(' and ')} set forbidden securityContext.seLinuxOptions: ${what.join('; ')}`,
  }
}

const SYSCTLS = [
  'kernel.shm_rmid_forced',
  'net.ipv4.ip_local_port_range',
  'net.ipv4.ip_unprivileged_port_start',
  'net.ipv4.ping_group_range',
  'net.ipv4.tcp_syncookies',
]
const SYSCTLS_27 = [...SYSCTLS, 'net.ipv4.ip_local_reserved_ports']
const SYSCTLS_29 = [
  ...SYSCTLS_27,
  'net.ipv4.tcp_fin_timeout',
  'net.ipv4.tcp_keepalive_intvl',
  'net.ipv4.tcp_keepalive_probes',
  'net.ipv4.tcp_keepalive_time',
]
const SYSCTLS_32 = [...SYSCTLS_29, 'net.ipv4.tcp_rmem', 'net.ipv4.tcp_wmem']

const sysctls =
  (allowed: readonly string[]): Check =>
  ({ spec }) => {
    const names = (spec.securityContext?.sysctls ?? [])
      .map(({ name }: any) => name)
      .filter((name: string) => !allowed.includes(name))
    return names.length > 0 ? { reason: 'forbidden sysctls', detail: names.join(', ') } : undefined
  }

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

const addedBy = (container: any, allowed: (name: string) => boolean): string[] =>
  (container.securityContext?.capabilities?.add ?? []).filter((name: string) => !allowed(name))

function addedDetail(pod: any, allowed: (name: string) => boolean): string[] {
  const wrong = containersOf(pod).filter(container => addedBy(container, allowed).length > 0)
  if (wrong.length === 0) return []
  const names = sortedQuoted(wrong.flatMap(container => addedBy(container, allowed)))
  return [`${naming(wrong)} must not include ${names} in securityContext.capabilities.add`]
}

const defaultCapabilities: Check = pod => {
  const [detail] = addedDetail(pod, name => ADDABLE.has(name))
  return detail === undefined ? undefined : { reason: 'non-default capabilities', detail }
}

const APP_ARMOR = 'container.apparmor.security.beta.kubernetes.io/'

const appArmorProfile: Check = pod => {
  const types: [who: string, type: string][] = [
    ...(pod.spec.securityContext?.appArmorProfile?.type === 'Unconfined'
      ? [['pod', 'Unconfined'] as [string, string]]
      : []),
  ]
  const wrong = containersOf(pod).filter(
    ({ securityContext }) => securityContext?.appArmorProfile?.type === 'Unconfined',
  )
  if (wrong.length > 0) types.push([naming(wrong), 'Unconfined'])
  const notes = Object.entries<string>(pod.metadata?.annotations ?? {})
    .filter(([key, value]) => key.startsWith(APP_ARMOR) && !isFineProfile(value))
    .map(([key, value]) => `annotation ${JSON.stringify(key)}=${JSON.stringify(value)}`)
  const own = types.map(
    ([who, type]) => `${who} must not set securityContext.appArmorProfile.type to ${JSON.stringify(type)}`,
  )
  const all = [...own, ...notes.sort()]
  if (all.length === 0) return undefined
  return { reason: `forbidden AppArmor profile${all.length === 1 ? '' : 's'}`, detail: all.join(', ') }
}

const isFineProfile = (profile: string): boolean =>
  profile === '' || profile === 'runtime/default' || profile.startsWith('localhost/')

const seccompOf = ({ securityContext }: any): string | undefined => securityContext?.seccompProfile?.type
const isFineSeccomp = (type: string | undefined): boolean => type === 'RuntimeDefault' || type === 'Localhost'

function badSeccomp(pod: any): string[] {
  const isWrong = (holder: any): boolean =>
    seccompOf(holder) !== undefined && !isFineSeccomp(seccompOf(holder))
  const containers = containersOf(pod).filter(isWrong)
  const who = [...(isWrong(pod.spec) ? ['pod'] : []), ...(containers.length > 0 ? [naming(containers)] : [])]
  if (who.length === 0) return []
  const types = sortedQuoted([pod.spec, ...containers].filter(isWrong).map(holder => seccompOf(holder)!))
  return [`${who.join(' and ')} must not set securityContext.seccompProfile.type to ${types}`]
}

const seccompBaseline: Check = pod => {
  const [detail] = badSeccomp(pod)
  return detail === undefined ? undefined : { reason: 'seccompProfile', detail }
}

const windowsHostProcess: Check = pod => {
  const isWrong = ({ securityContext }: any): boolean => securityContext?.windowsOptions?.hostProcess === true
  const containers = containersOf(pod).filter(isWrong)
  const who = [...(isWrong(pod.spec) ? ['pod'] : []), ...(containers.length > 0 ? [naming(containers)] : [])]
  return who.length > 0
    ? {
        reason: 'hostProcess',
        detail: `${who.join(' and ')} must not set securityContext.windowsOptions.hostProcess=true`,
      }
    : undefined
}

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
  const wrong = (spec.volumes ?? []).filter(
    (volume: any) => !ALLOWED_VOLUMES.some(type => volume[type] !== undefined),
  )
  if (wrong.length === 0) return undefined
  const typeOf = (volume: any): string => Object.keys(volume).find(key => key !== 'name') ?? 'unknown'
  const types = [...new Set<string>(wrong.map(typeOf))].sort()
  const names = quoted(wrong.map(({ name }: any) => name))
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

/** Windows has no such thing. */
const onlyLinux =
  (check: Check): Check =>
  pod =>
    isWindows(pod) ? undefined : check(pod)

const dropsAll = ({ securityContext }: any): boolean => securityContext?.capabilities?.drop?.includes('ALL')

const unrestrictedCapabilities: Check = pod => {
  const keeping = containersOf(pod).filter(container => !dropsAll(container))
  const details = [
    ...(keeping.length > 0 ? [`${naming(keeping)} must set securityContext.capabilities.drop=["ALL"]`] : []),
    ...addedDetail(pod, name => name === 'NET_BIND_SERVICE'),
  ]
  return details.length > 0 ? { reason: 'unrestricted capabilities', detail: details.join('; ') } : undefined
}

const runAsNonRoot: Check = pod => {
  const own = pod.spec.securityContext?.runAsNonRoot
  const chosen = ({ securityContext }: any): boolean | undefined => securityContext?.runAsNonRoot
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
  const isRoot = ({ securityContext }: any): boolean => securityContext?.runAsUser === 0
  const roots = containersOf(pod).filter(isRoot)
  const who = [...(isRoot(pod.spec) ? ['pod'] : []), ...(roots.length > 0 ? [naming(roots)] : [])]
  return who.length > 0
    ? { reason: 'runAsUser=0', detail: `${who.join(' and ')} must not set runAsUser=0` }
    : undefined
}

const seccompRestricted: Check = pod => {
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
const seccompAnnotations: Check = pod => {
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

const PROBES = ['livenessProbe', 'readinessProbe', 'startupProbe']

/** Who probes another host uses the node to do so. */
const probeHosts: Check = pod => {
  const hostsOf = (container: any): string[] =>
    [...PROBES.map(probe => container[probe]), container.lifecycle?.postStart, container.lifecycle?.preStop]
      .flatMap(handler => [handler?.httpGet?.host, handler?.tcpSocket?.host])
      .filter(Boolean)
  const wrong = containersOf(pod).filter(container => hostsOf(container).length > 0)
  if (wrong.length === 0) return undefined
  const hosts = new Set(wrong.flatMap(hostsOf))
  const names = wrong.map(({ name }) => name)
  const [what, verb] = wrong.length === 1 ? ['container', 'uses'] : ['containers', 'use']
  const plural = hosts.size === 1 ? '' : 's'
  return {
    reason: 'probe or lifecycle host',
    detail: `${what} ${sortedQuoted(names)} ${verb} probe or lifecycle host${plural} ${sortedQuoted(hosts)}`,
  }
}

/** A rule since a minor version, until another one of its row follows. */
type Versions = [since: number, check: Check][]

/** By upstream's names of them, in the order they are told. */
const BASELINE: Record<string, Versions> = {
  appArmorProfile: [[0, appArmorProfile]],
  capabilities_baseline: [[0, defaultCapabilities]],
  hostNamespaces: [[0, hostNamespaces]],
  hostPathVolumes: [[0, hostPathVolumes]],
  hostPorts: [[0, hostPorts]],
  hostProbesAndHostLifecycle: [[34, probeHosts]],
  privileged: [[0, privileged]],
  procMount: [[0, procMount]],
  seLinuxOptions: [
    [0, seLinuxOptions(SELINUX_TYPES)],
    [31, seLinuxOptions([...SELINUX_TYPES, 'container_engine_t'])],
  ],
  seccompProfile_baseline: [
    [0, seccompAnnotations],
    [19, seccompBaseline],
  ],
  sysctls: [
    [0, sysctls(SYSCTLS)],
    [27, sysctls(SYSCTLS_27)],
    [29, sysctls(SYSCTLS_29)],
    [32, sysctls(SYSCTLS_32)],
  ],
  windowsHostProcess: [[0, windowsHostProcess]],
}

const RESTRICTED: Record<string, Versions> = {
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

/** Rules of the restricted standard that take the place of others, where they hold. */
const OVERRIDES: Record<string, string> = {
  capabilities_restricted: 'capabilities_baseline',
  restrictedVolumes: 'hostPathVolumes',
  seccompProfile_restricted: 'seccompProfile_baseline',
}

export const LEVELS = ['privileged', 'baseline', 'restricted']
export const LATEST = Number.POSITIVE_INFINITY

const known = new Map<string, Check[]>()

/** The rules of a level at a minor version, in the order they are told. */
function checksOf(level: string, minor: number): Check[] {
  const key = `${level}:${minor}`
  const before = known.get(key)
  if (before) return before
  const at = (rows: Record<string, Versions>): [string, Check][] =>
    Object.entries(rows).flatMap(([name, versions]) => {
      const found = versions.findLast(([since]) => since <= minor)
      return found ? [[name, found[1]]] : []
    })
  const restricted = level === 'restricted' ? at(RESTRICTED) : []
  const replaced = new Set(restricted.map(([name]) => OVERRIDES[name]))
  const baseline = level === 'privileged' ? [] : at(BASELINE).filter(([name]) => !replaced.has(name))
  const checks = [...baseline, ...restricted].map(([, check]) => check)
  known.set(key, checks)
  return checks
}

/** How a Pod breaks a level at a version, each fault by itself. */
export const faultsOf = (level: string, minor: number, pod: any): Fault[] =>
  checksOf(level, minor).flatMap(check => check(pod) ?? [])

/** The same in words; undefined when the level is kept. */
export function violations(level: string, pod: any, minor = LATEST): string | undefined {
  const faults = faultsOf(level, minor, pod)
  if (faults.length === 0) return undefined
  return faults.map(({ reason, detail }) => (detail ? `${reason} (${detail})` : reason)).join(', ')
}
