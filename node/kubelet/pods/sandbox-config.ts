import type { Pod } from '../../../api/kinds/types.ts'
import type { PodSandboxConfig } from '../../../plugins/runtime.ts'
import { namespaceOptions, seccompProfile } from '../containers/config.ts'
import { podLabels } from '../containers/labels.ts'
import { cgroupParent } from './cgroups.ts'
import type { DnsSettings } from './dns-config.ts'
import { podDnsConfig } from './dns-config.ts'

/** RFC 1123 leaves a host name 63 characters. */
const LONGEST_HOSTNAME = 63

export const podHostname = ({ metadata, spec }: Pod): string =>
  spec.hostname || metadata.name.slice(0, LONGEST_HOSTNAME).replace(/[-.]+$/, '')

export function sandboxConfig(
  pod: Pod,
  attempt: number,
  logDirectory: string,
  dns: DnsSettings,
): PodSandboxConfig {
  const { metadata, spec } = pod
  const shared = spec.securityContext ?? {}
  const isPrivileged = [...spec.containers, ...(spec.initContainers ?? [])].some(
    ({ securityContext }) => securityContext?.privileged,
  )
  return {
    metadata: { name: metadata.name, uid: metadata.uid!, namespace: metadata.namespace!, attempt },
    hostname: spec.hostNetwork ? '' : podHostname(pod),
    logDirectory,
    dnsConfig: podDnsConfig(pod, dns),
    portMappings: portMappings(pod),
    labels: { ...metadata.labels, ...podLabels(pod) },
    annotations: { ...metadata.annotations },
    linux: {
      cgroupParent: cgroupParent(pod),
      sysctls: Object.fromEntries((shared.sysctls ?? []).map(({ name, value }) => [name, value])),
      securityContext: {
        namespaceOptions: namespaceOptions(pod),
        ...(shared.runAsUser !== undefined && { runAsUser: { value: shared.runAsUser } }),
        ...(shared.runAsGroup !== undefined &&
          shared.runAsUser !== undefined && { runAsGroup: { value: shared.runAsGroup } }),
        supplementalGroups: shared.supplementalGroups ?? [],
        privileged: isPrivileged,
        seccomp: isPrivileged ? seccompProfile(undefined) : seccompProfile(shared.seccompProfile),
      },
    },
  }
}

function portMappings({ spec }: Pod): PodSandboxConfig['portMappings'] {
  return spec.containers
    .flatMap(({ ports }) => ports ?? [])
    .map(({ containerPort, hostPort, hostIP, protocol }) => ({
      containerPort,
      hostPort: spec.hostNetwork ? 0 : (hostPort ?? 0),
      protocol: (protocol ?? 'TCP') as 'TCP',
      ...(hostIP && { hostIp: hostIP }),
    }))
}
