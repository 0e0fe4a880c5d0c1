import type { PodSpec } from '../../../api/kinds/types.ts'

/**
 * Takes away what only servers with alpha features have (v1.34: HostnameOverride, ContainerRestartRules,
 * ContainerStopSignals, EnvFiles, PodCertificateRequest), as upstream does without a word.
 */
export function dropDisabledFields(spec: any): void {
  if (spec.hostnameOverride !== undefined) delete spec.hostnameOverride
  for (const container of spec.containers ?? []) dropOfContainer(container)
  for (const container of spec.initContainers ?? []) dropOfContainer(container)
  for (const container of spec.ephemeralContainers ?? []) dropOfContainer(container)
  for (const { projected } of (spec as PodSpec).volumes ?? []) {
    for (const source of (projected?.sources ?? []) as any[]) delete source.podCertificate
  }
}

function dropOfContainer(container: any): void {
  if (container.restartPolicyRules !== undefined) delete container.restartPolicyRules
  if (container.lifecycle?.stopSignal !== undefined) delete container.lifecycle.stopSignal
  for (const { valueFrom } of container.env ?? []) {
    if (valueFrom?.fileKeyRef !== undefined) delete valueFrom.fileKeyRef
  }
}
