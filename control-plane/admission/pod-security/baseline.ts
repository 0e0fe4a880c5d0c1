import { defaultCapabilities } from './capabilities.ts'
import type { Versions } from './check.ts'
import * as host from './host.ts'
import * as kernel from './kernel.ts'
import { seccompAnnotations, seccompBaseline } from './seccomp.ts'

/** By upstream's names of them, in the order they are told. */
export const BASELINE: Record<string, Versions> = {
  appArmorProfile: [[0, kernel.appArmorProfile]],
  capabilities_baseline: [[0, defaultCapabilities]],
  hostNamespaces: [[0, host.hostNamespaces]],
  hostPathVolumes: [[0, host.hostPathVolumes]],
  hostPorts: [[0, host.hostPorts]],
  hostProbesAndHostLifecycle: [[34, host.probeHosts]],
  privileged: [[0, host.privileged]],
  procMount: [[0, host.procMount]],
  seLinuxOptions: [
    [0, kernel.seLinuxOptions(kernel.SELINUX_TYPES)],
    [31, kernel.seLinuxOptions([...kernel.SELINUX_TYPES, 'container_engine_t'])],
  ],
  seccompProfile_baseline: [
    [0, seccompAnnotations],
    [19, seccompBaseline],
  ],
  sysctls: [
    [0, kernel.sysctls(kernel.SYSCTLS)],
    [27, kernel.sysctls(kernel.SYSCTLS_27)],
    [29, kernel.sysctls(kernel.SYSCTLS_29)],
    [32, kernel.sysctls(kernel.SYSCTLS_32)],
  ],
  windowsHostProcess: [[0, host.windowsHostProcess]],
}
