import type { Container, PodSpec, Probe, Volume } from '../../../api/kinds/types.ts'
import { dropDisabledFields } from './disabled-fields.ts'
import { defaultPodResources } from './pod-resources.ts'

const DEFAULT_MODE = 420

/** Sets a field that was left out. */
function set<T extends object, K extends keyof T>(object: T, field: K, value: NonNullable<T[K]>): void {
  if (object[field] === undefined || object[field] === null) object[field] = value
}

/** Fills in a Pod's spec, or that of a Pod template (core/v1 defaults). */
export function defaultPodSpec(spec: PodSpec): void {
  dropDisabledFields(spec)
  set(spec, 'restartPolicy', 'Always')
  set(spec, 'terminationGracePeriodSeconds', 30)
  set(spec, 'dnsPolicy', 'ClusterFirst')
  set(spec, 'securityContext', {})
  set(spec, 'schedulerName', 'default-scheduler')
  if (spec.serviceAccountName && !spec.serviceAccount) spec.serviceAccount = spec.serviceAccountName
  if (spec.serviceAccount && !spec.serviceAccountName) spec.serviceAccountName = spec.serviceAccount
  for (const container of containersOf(spec)) defaultContainer(container)
  for (const volume of spec.volumes ?? []) defaultVolume(volume)
}

const containersOf = ({
  containers = [],
  initContainers = [],
  ephemeralContainers = [],
}: PodSpec): Container[] => [...containers, ...initContainers, ...(ephemeralContainers as Container[])]

/** What holds for a Pod and not for a template. */
export function defaultPod(spec: PodSpec): void {
  defaultPodSpec(spec)
  set(spec, 'enableServiceLinks', true)
  if (spec.hostNetwork) defaultHostPorts(spec)
  for (const { resources } of [...(spec.containers ?? []), ...(spec.initContainers ?? [])]) {
    for (const [name, value] of Object.entries(resources?.limits ?? {})) {
      resources!.requests ??= {}
      resources!.requests[name] ??= value
    }
  }
  defaultPodResources(spec)
}

/** In its host's network a Pod's port is its host's. */
function defaultHostPorts({ containers = [], initContainers = [] }: PodSpec): void {
  for (const { ports } of [...containers, ...initContainers]) {
    for (const port of ports ?? []) if (!port.hostPort) port.hostPort = port.containerPort
  }
}

function defaultContainer(container: Container): void {
  set(container, 'terminationMessagePath', '/dev/termination-log')
  set(container, 'terminationMessagePolicy', 'File')
  set(container, 'imagePullPolicy', isLatest(container.image ?? '') ? 'Always' : 'IfNotPresent')
  set(container, 'resources', {})
  for (const port of container.ports ?? []) set(port, 'protocol', 'TCP')
  for (const variable of container.env ?? []) {
    if (variable.valueFrom?.fieldRef) set(variable.valueFrom.fieldRef, 'apiVersion', 'v1')
    if (variable.valueFrom?.resourceFieldRef)
      set(variable.valueFrom.resourceFieldRef, 'divisor', '0' as never)
  }
  for (const probe of [container.livenessProbe, container.readinessProbe, container.startupProbe]) {
    if (probe) defaultProbe(probe)
  }
  for (const hook of [container.lifecycle?.postStart, container.lifecycle?.preStop]) {
    if (hook?.httpGet) defaultHttpGet(hook.httpGet)
  }
}

/** No tag and no digest means `latest`, which may change at any time. */
function isLatest(image: string): boolean {
  if (image.includes('@')) return false
  const tag = image.slice(image.lastIndexOf('/') + 1).split(':')[1]
  return tag === undefined || tag === 'latest'
}

function defaultProbe(probe: Probe): void {
  set(probe, 'timeoutSeconds', 1)
  set(probe, 'periodSeconds', 10)
  set(probe, 'successThreshold', 1)
  set(probe, 'failureThreshold', 3)
  if (probe.httpGet) defaultHttpGet(probe.httpGet)
  if (probe.grpc) set(probe.grpc, 'service', '')
}

function defaultHttpGet(get: NonNullable<Probe['httpGet']>): void {
  set(get, 'path', '/')
  set(get, 'scheme', 'HTTP')
}

function defaultVolume(volume: Volume): void {
  const { configMap, secret, downwardAPI, projected, hostPath } = volume
  for (const source of [configMap, secret, downwardAPI, projected]) {
    if (source) set(source as { defaultMode?: number }, 'defaultMode', DEFAULT_MODE)
  }
  if (hostPath) set(hostPath, 'type', '')
  if (volume.iscsi) set(volume.iscsi, 'iscsiInterface', 'default')
  if (volume.rbd) defaultRbd(volume.rbd)
  if (volume.azureDisk) defaultAzureDisk(volume.azureDisk)
  if (volume.scaleIO) defaultScaleIo(volume.scaleIO)
  const image = (volume as { image?: { reference?: string; pullPolicy?: string } }).image
  if (image) set(image, 'pullPolicy', isLatest(image.reference ?? '') ? 'Always' : 'IfNotPresent')
  const claim = volume.ephemeral?.volumeClaimTemplate?.spec
  if (claim) {
    set(claim, 'volumeMode', 'Filesystem')
    set(volume.ephemeral!.volumeClaimTemplate!, 'metadata', {})
  }
  for (const { serviceAccountToken } of projected?.sources ?? []) {
    if (serviceAccountToken) set(serviceAccountToken, 'expirationSeconds', 3_600)
  }
  const items = [
    ...(downwardAPI?.items ?? []),
    ...(projected?.sources ?? []).flatMap(source => source.downwardAPI?.items ?? []),
  ]
  for (const { fieldRef, resourceFieldRef } of items) {
    if (fieldRef) set(fieldRef, 'apiVersion', 'v1')
    if (resourceFieldRef) set(resourceFieldRef, 'divisor', '0' as never)
  }
  if (Object.keys(volume).length === 1) volume.emptyDir = {}
}

/** Of a volume, or of a PersistentVolume. */
export function defaultAzureDisk(disk: object): void {
  const given = disk as Record<string, unknown>
  given.cachingMode ??= 'ReadWrite'
  given.kind ??= 'Shared'
  given.fsType ??= 'ext4'
  given.readOnly ??= false
}

export function defaultScaleIo(volume: object): void {
  const given = volume as Record<string, unknown>
  given.storageMode ||= 'ThinProvisioned'
  given.fsType ||= 'xfs'
}

export function defaultRbd(rbd: object): void {
  const given = rbd as NonNullable<Volume['rbd']>
  set(given, 'pool', 'rbd')
  set(given, 'user', 'admin')
  set(given, 'keyring', '/etc/ceph/keyring')
}
