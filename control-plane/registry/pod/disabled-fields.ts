import type { Container, PodSpec, Volume } from '../../../api/kinds/types.ts'

/**
 * Takes away what only servers have that were told to switch a feature on (v1.34: HostnameOverride,
 * ContainerRestartRules, ContainerStopSignals, EnvFiles, ImageVolume, ClusterTrustBundleProjection,
 * PodCertificateRequest), as upstream does without a word.
 */
export function dropDisabledFields(spec: any): void {
  if (spec.hostnameOverride !== undefined) delete spec.hostnameOverride
  for (const container of spec.containers ?? []) dropOfContainer(container, false)
  for (const container of spec.initContainers ?? []) dropOfContainer(container, true)
  for (const container of spec.ephemeralContainers ?? []) dropOfContainer(container, false)
  const { volumes } = spec as PodSpec
  if (!volumes) return
  for (const { projected } of volumes) {
    for (const source of (projected?.sources ?? []) as any[]) {
      if (source.podCertificate !== undefined) delete source.podCertificate
      if (source.clusterTrustBundle !== undefined) delete source.clusterTrustBundle
    }
  }
  if (volumes.some(isImage)) dropImages(spec)
}

function dropOfContainer(container: any, isInit: boolean): void {
  if (container.restartPolicy !== undefined && !(isInit && container.restartPolicy === 'Always')) {
    delete container.restartPolicy
  }
  if (container.restartPolicyRules !== undefined) delete container.restartPolicyRules
  if (container.lifecycle?.stopSignal !== undefined) {
    delete container.lifecycle.stopSignal
    if (Object.keys(container.lifecycle).length === 0) delete container.lifecycle
  }
  for (const { valueFrom } of container.env ?? []) {
    if (valueFrom?.fileKeyRef !== undefined) delete valueFrom.fileKeyRef
  }
}

const isImage = (volume: Volume): boolean => (volume as { image?: object }).image !== undefined

/** The volumes, and where containers would have seen them. */
function dropImages(spec: PodSpec): void {
  const names = new Set(spec.volumes!.filter(isImage).map(({ name }) => name))
  keepSome(spec, 'volumes', volume => !isImage(volume))
  const { containers = [], initContainers = [], ephemeralContainers = [] } = spec
  for (const container of [...containers, ...initContainers, ...(ephemeralContainers as Container[])]) {
    if (container.volumeMounts) keepSome(container, 'volumeMounts', mount => !names.has(mount.name))
  }
}

function keepSome(owner: any, field: string, isKept: (item: any) => boolean): void {
  owner[field] = owner[field].filter(isKept)
  if (owner[field].length === 0) delete owner[field]
}

/** What a Pod's status tells only where a feature is switched on (v1.34: DRAExtendedResource, ResourceHealthStatus). */
export function dropDisabledStatus(status: any): void {
  if (!status) return
  if (status.extendedResourceClaimStatus !== undefined) delete status.extendedResourceClaimStatus
  for (const list of ['containerStatuses', 'initContainerStatuses', 'ephemeralContainerStatuses']) {
    for (const container of status[list] ?? []) {
      if (container.allocatedResourcesStatus !== undefined) delete container.allocatedResourcesStatus
    }
  }
}
