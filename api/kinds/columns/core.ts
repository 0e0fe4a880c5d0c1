import type { Column } from '../kind.ts'
import type {
  Endpoints,
  Event,
  Node,
  PersistentVolume,
  PersistentVolumeClaim,
  Pod,
  Service,
} from '../types.ts'
import { AGE, column, formatLabels, NAME, sortedSet, wide, workloadColumns } from './common.ts'
import { since } from './duration.ts'
import { readinessGates, summarizePod } from './pod.ts'

const orNone = (value: string | undefined | null): string => value || '<none>'

export const podColumns: readonly Column<Pod>[] = [
  NAME,
  column('Ready', (pod, now) => summarizePod(pod, now).ready),
  column('Status', (pod, now) => summarizePod(pod, now).status),
  column('Restarts', (pod, now) => summarizePod(pod, now).restarts),
  AGE,
  wide('IP', pod => orNone(pod.status?.podIPs?.[0]?.ip ?? pod.status?.podIP)),
  wide('Node', pod => orNone(pod.spec.nodeName)),
  wide('Nominated Node', pod => orNone(pod.status?.nominatedNodeName)),
  wide('Readiness Gates', readinessGates),
]

const ROLE_PREFIX = 'node-role.kubernetes.io/'

function nodeRoles(node: Node): string {
  const roles = Object.entries(node.metadata.labels ?? {}).flatMap(([key, value]) => {
    if (key.startsWith(ROLE_PREFIX)) return [key.slice(ROLE_PREFIX.length)]
    return key === 'kubernetes.io/role' ? [value] : []
  })
  return orNone([...new Set(roles.filter(Boolean))].sort().join(','))
}

function nodeStatus(node: Node): string {
  const ready = node.status?.conditions?.find(({ type }) => type === 'Ready')
  const words = [ready ? (ready.status === 'True' ? 'Ready' : 'NotReady') : 'Unknown']
  if (node.spec.unschedulable) words.push('SchedulingDisabled')
  return words.join(',')
}

const nodeAddress = (node: Node, wanted: string): string =>
  node.status?.addresses?.find(({ type }) => type === wanted)?.address ?? '<none>'

const nodeInfo = (
  node: Node,
  field: 'kubeletVersion' | 'osImage' | 'kernelVersion' | 'containerRuntimeVersion',
): string => node.status?.nodeInfo?.[field] || '<unknown>'

export const nodeColumns: readonly Column<Node>[] = [
  NAME,
  column('Status', nodeStatus),
  column('Roles', nodeRoles),
  AGE,
  column('Version', node => node.status?.nodeInfo?.kubeletVersion ?? ''),
  wide('Internal-IP', node => nodeAddress(node, 'InternalIP')),
  wide('External-IP', node => nodeAddress(node, 'ExternalIP')),
  wide('OS-Image', node => nodeInfo(node, 'osImage')),
  wide('Kernel-Version', node => nodeInfo(node, 'kernelVersion')),
  wide('Container-Runtime', node => nodeInfo(node, 'containerRuntimeVersion')),
]

function servicePorts(service: Service): string {
  const ports = (service.spec.ports ?? []).map(({ port, nodePort, protocol }) =>
    nodePort ? `${port}:${nodePort}/${protocol}` : `${port}/${protocol}`,
  )
  return orNone(ports.join(','))
}

function externalIps({ spec, status }: Service): string {
  const own = spec.externalIPs ?? []
  switch (spec.type) {
    case 'ExternalName':
      return spec.externalName ?? ''
    case 'LoadBalancer': {
      const ingress = (status?.loadBalancer?.ingress ?? []).map(({ ip, hostname }) => ip || hostname)
      return [...sortedSet(ingress), ...own].join(',') || '<pending>'
    }
    default:
      return orNone(own.join(','))
  }
}

export const serviceColumns: readonly Column<Service>[] = [
  NAME,
  column('Type', '.spec.type'),
  column('Cluster-IP', ({ spec }) => orNone(spec.clusterIPs?.[0] ?? spec.clusterIP)),
  column('External-IP', externalIps),
  column('Port(s)', servicePorts),
  AGE,
  wide('Selector', service => formatLabels(service.spec.selector)),
]

const MOST_ENDPOINTS = 3

const hostPort = (ip: string, port: number): string =>
  ip.includes(':') ? `[${ip}]:${port}` : `${ip}:${port}`

function endpointList(endpoints: Endpoints): string {
  if ((endpoints.subsets ?? []).length === 0) return '<none>'
  const all = endpoints.subsets!.flatMap(({ addresses = [], ports = [] }) =>
    ports.length === 0
      ? addresses.map(({ ip }) => ip)
      : ports.flatMap(({ port }) => addresses.map(({ ip }) => hostPort(ip, port))),
  )
  const shown = all.slice(0, MOST_ENDPOINTS).join(',')
  return all.length > MOST_ENDPOINTS ? `${shown} + ${all.length - MOST_ENDPOINTS} more...` : shown
}

export const endpointsColumns: readonly Column<Endpoints>[] = [NAME, column('Endpoints', endpointList), AGE]

const eventObject = ({ involvedObject: { kind = '', name } }: Event): string =>
  name ? `${kind.toLowerCase()}/${name}` : kind.toLowerCase()

function lastSeen(event: Event, now: Date): string {
  const last =
    event.series?.lastObservedTime ?? event.lastTimestamp ?? event.firstTimestamp ?? event.eventTime
  return since(last, now)
}

const firstSeen = (event: Event, now: Date): string => since(event.firstTimestamp ?? event.eventTime, now)

const eventSource = ({ source, reportingComponent, reportingInstance }: Event): string => {
  const component = source?.component || reportingComponent || ''
  const host = source?.host || reportingInstance || ''
  return host ? `${component}, ${host}` : component
}

export const eventColumns: readonly Column<Event>[] = [
  column('Last Seen', lastSeen),
  column('Type', '.type'),
  column('Reason', '.reason'),
  column('Object', eventObject),
  wide('Subobject', event => event.involvedObject.fieldPath ?? ''),
  wide('Source', eventSource),
  column('Message', event => (event.message ?? '').trim()),
  wide('First Seen', firstSeen),
  wide('Count', event => event.series?.count ?? (event.count || 1)),
  { ...wide<Event>('Name', '.metadata.name'), format: 'name' },
]

export const namespaceColumns: readonly Column<any>[] = [NAME, column('Status', '.status.phase'), AGE]

export const secretColumns: readonly Column<any>[] = [
  NAME,
  column('Type', '.type'),
  column('Data', secret => Object.keys(secret.data ?? {}).length),
  AGE,
]

const keyCount = (configMap: any): number =>
  Object.keys(configMap.data ?? {}).length + Object.keys(configMap.binaryData ?? {}).length

export const configMapColumns: readonly Column<any>[] = [NAME, column('Data', keyCount), AGE]

export const serviceAccountColumns: readonly Column<any>[] = [
  NAME,
  column('Secrets', account => (account.secrets ?? []).length),
  AGE,
]

export const replicationControllerColumns: readonly Column<any>[] = [
  NAME,
  column('Desired', '.spec.replicas', 'integer'),
  column('Current', '.status.replicas', 'integer'),
  column('Ready', rc => rc.status?.readyReplicas ?? 0, 'integer'),
  AGE,
  ...workloadColumns<any>(
    rc => rc.spec.template,
    rc => formatLabels(rc.spec.selector),
  ),
]

const ACCESS_MODES: Record<string, string> = {
  ReadWriteOnce: 'RWO',
  ReadOnlyMany: 'ROX',
  ReadWriteMany: 'RWX',
  ReadWriteOncePod: 'RWOP',
}

const accessModes = (modes: string[] | undefined): string =>
  (modes ?? []).map(mode => ACCESS_MODES[mode] ?? mode).join(',')

const claimRef = ({ spec }: PersistentVolume): string =>
  spec.claimRef ? `${spec.claimRef.namespace}/${spec.claimRef.name}` : ''

const phaseOf = (object: PersistentVolume | PersistentVolumeClaim): string =>
  object.metadata.deletionTimestamp ? 'Terminating' : (object.status?.phase ?? '')

export const persistentVolumeColumns: readonly Column<PersistentVolume>[] = [
  NAME,
  column('Capacity', volume => (volume.spec.capacity?.storage as string | undefined) ?? ''),
  column('Access Modes', volume => accessModes(volume.spec.accessModes)),
  column('Reclaim Policy', '.spec.persistentVolumeReclaimPolicy'),
  column('Status', phaseOf),
  column('Claim', claimRef),
  column('StorageClass', volume => volume.spec.storageClassName ?? ''),
  column('VolumeAttributesClass', volume => volume.spec.volumeAttributesClassName ?? '<unset>'),
  column('Reason', volume => volume.status?.reason ?? ''),
  AGE,
  wide('VolumeMode', volume => volume.spec.volumeMode ?? '<unset>'),
]

export const persistentVolumeClaimColumns: readonly Column<PersistentVolumeClaim>[] = [
  NAME,
  column('Status', phaseOf),
  column('Volume', claim => claim.spec.volumeName ?? ''),
  column('Capacity', claim =>
    claim.spec.volumeName ? ((claim.status?.capacity?.storage as string) ?? '') : '',
  ),
  column('Access Modes', claim => (claim.spec.volumeName ? accessModes(claim.status?.accessModes) : '')),
  column('StorageClass', claim => claim.spec.storageClassName ?? ''),
  column('VolumeAttributesClass', claim => claim.spec.volumeAttributesClassName ?? '<unset>'),
  AGE,
  wide('VolumeMode', claim => claim.spec.volumeMode ?? '<unset>'),
]

const healthCondition = ({ conditions = [] }: any): any =>
  conditions.find(({ type }: { type: string }) => type === 'Healthy')

export const componentStatusColumns: readonly Column<any>[] = [
  NAME,
  column('Status', component => {
    const health = healthCondition(component)
    return health ? (health.status === 'True' ? 'Healthy' : 'Unhealthy') : 'Unknown'
  }),
  column('Message', component => healthCondition(component)?.message ?? ''),
  column('Error', component => healthCondition(component)?.error ?? ''),
]
