import type { Node, Pod } from '../../../api/kinds/types.ts'
import { hostPortsClash } from '../../../api/meta/host-ports.ts'
import type { Rejection } from './context.ts'
import { amount, podResource, requestedNames } from './resources.ts'

/** What a node can give to Pods. */
type Allocatable = NonNullable<Node['status']>['allocatable']

const PORTS_TAKEN: Rejection = {
  reason: 'NodePorts',
  message: "Predicate NodePorts failed: node(s) didn't have free ports for the requested pod ports",
}

const OTHER_LABEL: Rejection = {
  reason: 'PodOSSelectorNodeLabelDoesNotMatch',
  message: "Failed to admit pod as the `kubernetes.io/os` label doesn't match node label",
}

const OTHER_SYSTEM: Rejection = {
  reason: 'PodOSNotSupported',
  message: "Failed to admit pod as the OS field doesn't match node OS",
}

/** Upstream's list, for kernels from 4.15 on. */
const SAFE_SYSCTLS = new Set([
  'kernel.shm_rmid_forced',
  'net.ipv4.ip_local_port_range',
  'net.ipv4.tcp_syncookies',
  'net.ipv4.ping_group_range',
  'net.ipv4.ip_unprivileged_port_start',
  'net.ipv4.ip_local_reserved_ports',
  'net.ipv4.tcp_keepalive_time',
  'net.ipv4.tcp_fin_timeout',
  'net.ipv4.tcp_keepalive_intvl',
  'net.ipv4.tcp_keepalive_probes',
  'net.ipv4.tcp_rmem',
  'net.ipv4.tcp_wmem',
])

/**
 * The kubelet's own look at a Pod that was bound to it: two schedulers, or a Pod that names its node, may have given the
 * node more than it has, or what it is not to run. Undefined when there is room.
 */
export const admitPod = (pod: Pod, others: readonly Pod[], allocatable: Allocatable): Rejection | undefined =>
  forbiddenSysctl(pod) ??
  otherSystem(pod) ??
  shortage(pod, others, allocatable) ??
  (hostPortsClash(pod, others) ? PORTS_TAKEN : undefined)

function otherSystem({ metadata, spec }: Pod): Rejection | undefined {
  const label = metadata.labels?.['kubernetes.io/os']
  if (label !== undefined && label !== process.platform) return OTHER_LABEL
  return spec.os && spec.os.name !== process.platform ? OTHER_SYSTEM : undefined
}

/** Only kernel settings that each Pod has of its own and that harm no other may be set. */
function forbiddenSysctl({ spec: { securityContext, hostNetwork, hostIPC } }: Pod): Rejection | undefined {
  for (const { name } of securityContext?.sysctls ?? []) {
    const setting = dotted(name)
    if (!SAFE_SYSCTLS.has(setting)) return forbidden(`"${setting}" not allowlisted`)
    const [shares, namespace] = setting.startsWith('net.') ? [hostNetwork, 'Net'] : [hostIPC, 'IPC']
    if (shares) return forbidden(`"${setting}" not allowed with host ${namespace} enabled`)
  }
  return undefined
}

/** Settings may be written with slashes, and dots then stand in for slashes. */
const dotted = (name: string): string =>
  /^[^./]*\//.test(name) ? name.replace(/[./]/g, separator => (separator === '.' ? '/' : '.')) : name

const forbidden = (why: string): Rejection => ({
  reason: 'SysctlForbidden',
  message: `forbidden sysctl: ${why}`,
})

function shortage(pod: Pod, others: readonly Pod[], allocatable: Allocatable): Rejection | undefined {
  const most = amount('pods', allocatable?.pods)
  if (others.length + 1 > most) return outOf('pods', 1, others.length, most)
  for (const name of requestedNames(pod)) {
    const requested = podResource(pod, 'requests', name)
    const available = allocatable?.[name]
    // What no node has of itself (extended resources) is the business of whoever offers it.
    if (requested === 0 || available === undefined) continue
    const used = others.reduce((sum, other) => sum + podResource(other, 'requests', name), 0)
    const capacity = amount(name, available)
    if (used + requested > capacity) return outOf(name, requested, used, capacity)
  }
  return undefined
}

/** Whether a Pod that is here can have what its spec asks for by now: never, not beside the others, or at once. */
export function resizeFits(
  pod: Pod,
  others: readonly Pod[],
  allocatable: Allocatable,
): { reason: 'Deferred' | 'Infeasible'; message: string } | undefined {
  for (const name of ['cpu', 'memory']) {
    const requested = podResource(pod, 'requests', name)
    const capacity = amount(name, allocatable?.[name])
    if (requested <= capacity) continue
    const message = `Node didn't have enough capacity: ${name}, requested: ${requested}, capacity: ${capacity}`
    return { reason: 'Infeasible', message }
  }
  const refusal = shortage(pod, others, allocatable)
  return refusal && { reason: 'Deferred', message: refusal.message }
}

const outOf = (name: string, requested: number, used: number, capacity: number): Rejection => ({
  reason: `OutOf${name}`,
  message: `Node didn't have enough resource: ${name}, requested: ${requested}, used: ${used}, capacity: ${capacity}`,
})
