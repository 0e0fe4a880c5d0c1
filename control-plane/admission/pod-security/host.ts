import type { Container } from '../../../api/kinds/types.ts'
import {
  type Check,
  containersOf,
  eachContainer,
  type Holder,
  naming,
  quoted,
  sortedQuoted,
} from './check.ts'

export const hostNamespaces: Check = ({ spec }) => {
  const set = (['hostNetwork', 'hostPID', 'hostIPC'] as const).filter(name => spec[name])
  return set.length > 0
    ? { reason: 'host namespaces', detail: set.map(name => `${name}=true`).join(', ') }
    : undefined
}

export const hostPathVolumes: Check = ({ spec }) => {
  const names = (spec.volumes ?? []).filter(({ hostPath }) => hostPath).map(({ name }) => name)
  return names.length > 0
    ? { reason: 'hostPath volumes', detail: `volume${names.length === 1 ? '' : 's'} ${quoted(names)}` }
    : undefined
}

const portsOf = ({ ports = [] }: Container): number[] => ports.flatMap(({ hostPort }) => hostPort || [])

export const hostPorts: Check = pod => {
  const wrong = containersOf(pod).filter(container => portsOf(container).length > 0)
  if (wrong.length === 0) return undefined
  const ports = [...new Set(wrong.flatMap(portsOf))].map(String).sort()
  const verb = wrong.length === 1 ? 'uses' : 'use'
  return {
    reason: 'hostPort',
    detail: `${naming(wrong)} ${verb} hostPort${ports.length === 1 ? '' : 's'} ${ports.join(', ')}`,
  }
}

export const privileged = eachContainer(
  'privileged',
  ({ securityContext }) => securityContext?.privileged === true,
  'must not set securityContext.privileged=true',
)

export const procMount: Check = pod => {
  const mountOf = ({ securityContext }: Container): string => securityContext?.procMount ?? 'Default'
  const wrong = containersOf(pod).filter(container => mountOf(container) !== 'Default')
  if (wrong.length === 0) return undefined
  const types = sortedQuoted(wrong.map(mountOf))
  return {
    reason: 'procMount',
    detail: `${naming(wrong)} must not set securityContext.procMount to ${types}`,
  }
}

export const windowsHostProcess: Check = pod => {
  const isWrong = ({ securityContext }: Holder): boolean =>
    securityContext?.windowsOptions?.hostProcess === true
  const containers = containersOf(pod).filter(isWrong)
  const who = [...(isWrong(pod.spec) ? ['pod'] : []), ...(containers.length > 0 ? [naming(containers)] : [])]
  return who.length > 0
    ? {
        reason: 'hostProcess',
        detail: `${who.join(' and ')} must not set securityContext.windowsOptions.hostProcess=true`,
      }
    : undefined
}

const PROBES = ['livenessProbe', 'readinessProbe', 'startupProbe'] as const

/** Who probes another host uses the node to do so. */
export const probeHosts: Check = pod => {
  const hostsOf = (container: Container): string[] =>
    [...PROBES.map(probe => container[probe]), container.lifecycle?.postStart, container.lifecycle?.preStop]
      .flatMap(handler => [handler?.httpGet?.host, handler?.tcpSocket?.host])
      .flatMap(host => host || [])
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
