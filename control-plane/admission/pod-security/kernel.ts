import {
  type Check,
  type Checked,
  containersOf,
  type Fault,
  type Holder,
  naming,
  sortedQuoted,
} from './check.ts'

export const SELINUX_TYPES = ['', 'container_t', 'container_init_t', 'container_kvm_t']

export const seLinuxOptions =
  (types: readonly string[]): Check =>
  pod =>
    seLinuxFault(pod, new Set(types))

function seLinuxFault(pod: Checked, allowed: ReadonlySet<string>): Fault | undefined {
  const isWrong = ({ securityContext }: Holder): boolean => {
    const { type = '', user, role } = securityContext?.seLinuxOptions ?? {}
    return !allowed.has(type) || Boolean(user) || Boolean(role)
  }
  const containers = containersOf(pod).filter(isWrong)
  const setters: Holder[] = [...(isWrong(pod.spec) ? [pod.spec] : []), ...containers]
  if (setters.length === 0) return undefined
  const options = setters.map(({ securityContext }) => securityContext?.seLinuxOptions ?? {})
  const types = options.map(({ type = '' }) => type).filter(type => !allowed.has(type))
  const who = [...(isWrong(pod.spec) ? ['pod'] : []), ...(containers.length > 0 ? [naming(containers)] : [])]
  const what = [
    ...(types.length > 0 ? [`type${types.length === 1 ? '' : 's'} ${sortedQuoted(types)}`] : []),
    ...(options.some(({ user }) => user) ? ['user may not be set'] : []),
    ...(options.some(({ role }) => role) ? ['role may not be set'] : []),
  ]
  return {
    reason: 'seLinuxOptions',
    detail: `${who.join(' and ')} set forbidden securityContext.seLinuxOptions: ${what.join('; ')}`,
  }
}

export const SYSCTLS = [
  'kernel.shm_rmid_forced',
  'net.ipv4.ip_local_port_range',
  'net.ipv4.ip_unprivileged_port_start',
  'net.ipv4.ping_group_range',
  'net.ipv4.tcp_syncookies',
]
export const SYSCTLS_27 = [...SYSCTLS, 'net.ipv4.ip_local_reserved_ports']
export const SYSCTLS_29 = [
  ...SYSCTLS_27,
  'net.ipv4.tcp_fin_timeout',
  'net.ipv4.tcp_keepalive_intvl',
  'net.ipv4.tcp_keepalive_probes',
  'net.ipv4.tcp_keepalive_time',
]
export const SYSCTLS_32 = [...SYSCTLS_29, 'net.ipv4.tcp_rmem', 'net.ipv4.tcp_wmem']

export const sysctls =
  (allowed: readonly string[]): Check =>
  ({ spec }) => {
    const names = (spec.securityContext?.sysctls ?? [])
      .map(({ name }) => name)
      .filter(name => !allowed.includes(name))
    return names.length > 0 ? { reason: 'forbidden sysctls', detail: names.join(', ') } : undefined
  }

const APP_ARMOR = 'container.apparmor.security.beta.kubernetes.io/'

export const appArmorProfile: Check = pod => {
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
