import { specField } from '../meta/kept-spec.ts'
import * as columns from './columns/core.ts'
import { limitRangeColumns, podTemplateColumns, resourceQuotaColumns } from './columns/policy.ts'
import { groupVersion } from './declare.ts'
import type {
  ConfigMap,
  Endpoints,
  Event,
  Namespace,
  Node,
  PersistentVolume,
  PersistentVolumeClaim,
  Pod,
  ReplicationController,
  Secret,
  Service,
  ServiceAccount,
} from './types.ts'

const v1 = groupVersion('', 'v1')

export const pods = v1<Pod>({
  kind: 'Pod',
  plural: 'pods',
  shortNames: ['po'],
  categories: ['all'],
  columns: columns.podColumns,
  subresources: {
    status: true,
    other: {
      attach: { kind: 'PodAttachOptions', verbs: ['create', 'get'] },
      binding: { kind: 'Binding', verbs: ['create'] },
      ephemeralcontainers: { kind: 'Pod', verbs: ['get', 'patch', 'update'] },
      eviction: { kind: 'Eviction', group: 'policy', version: 'v1', verbs: ['create'] },
      exec: { kind: 'PodExecOptions', verbs: ['create', 'get'] },
      log: { kind: 'Pod', verbs: ['get'] },
      portforward: { kind: 'PodPortForwardOptions', verbs: ['create', 'get'] },
      proxy: { kind: 'PodProxyOptions', verbs: ['create', 'delete', 'get', 'patch', 'update'] },
      resize: { kind: 'Pod', verbs: ['get', 'patch', 'update'] },
    },
  },
  fieldSelectors: {
    'spec.nodeName': pod => specField(pod, 'nodeName') ?? '',
    'spec.restartPolicy': pod => pod.spec.restartPolicy ?? '',
    'spec.schedulerName': pod => pod.spec.schedulerName ?? '',
    'spec.serviceAccountName': pod => pod.spec.serviceAccountName ?? '',
    'spec.hostNetwork': pod => String(pod.spec.hostNetwork ?? false),
    'status.phase': pod => pod.status?.phase ?? '',
    'status.podIP': pod => pod.status?.podIP ?? '',
    'status.podIPs': pod => pod.status?.podIPs?.[0]?.ip ?? '',
    'status.nominatedNodeName': pod => pod.status?.nominatedNodeName ?? '',
  },
})

export const nodes = v1<Node>({
  kind: 'Node',
  plural: 'nodes',
  shortNames: ['no'],
  namespaced: false,
  columns: columns.nodeColumns,
  subresources: {
    status: true,
    other: { proxy: { kind: 'NodeProxyOptions', verbs: ['create', 'delete', 'get', 'patch', 'update'] } },
  },
  fieldSelectors: { 'spec.unschedulable': node => String(node.spec.unschedulable ?? false) },
})

export const services = v1<Service>({
  kind: 'Service',
  plural: 'services',
  shortNames: ['svc'],
  categories: ['all'],
  columns: columns.serviceColumns,
  subresources: {
    status: true,
    other: { proxy: { kind: 'ServiceProxyOptions', verbs: ['create', 'delete', 'get', 'patch', 'update'] } },
  },
  fieldSelectors: {
    'spec.clusterIP': service => service.spec.clusterIP ?? '',
    'spec.type': service => service.spec.type ?? '',
  },
})

export const namespaces = v1<Namespace>({
  kind: 'Namespace',
  plural: 'namespaces',
  shortNames: ['ns'],
  namespaced: false,
  columns: columns.namespaceColumns,
  verbs: ['create', 'delete', 'get', 'list', 'patch', 'update', 'watch'],
  subresources: { status: true, other: { finalize: { kind: 'Namespace', verbs: ['update'] } } },
  fieldSelectors: { 'status.phase': namespace => namespace.status?.phase ?? '' },
})

export const endpoints = v1<Endpoints>({
  kind: 'Endpoints',
  plural: 'endpoints',
  shortNames: ['ep'],
  columns: columns.endpointsColumns,
  deprecation: 'v1 Endpoints is deprecated in v1.33+; use discovery.k8s.io/v1 EndpointSlice',
})

export const configMaps = v1<ConfigMap>({
  kind: 'ConfigMap',
  plural: 'configmaps',
  shortNames: ['cm'],
  columns: columns.configMapColumns,
})

export const secrets = v1<Secret>({
  kind: 'Secret',
  plural: 'secrets',
  columns: columns.secretColumns,
  fieldSelectors: { type: secret => secret.type ?? '' },
})

export const serviceAccounts = v1<ServiceAccount>({
  kind: 'ServiceAccount',
  plural: 'serviceaccounts',
  shortNames: ['sa'],
  columns: columns.serviceAccountColumns,
  subresources: {
    other: {
      token: { kind: 'TokenRequest', group: 'authentication.k8s.io', version: 'v1', verbs: ['create'] },
    },
  },
})

export const events = v1<Event>({
  kind: 'Event',
  plural: 'events',
  shortNames: ['ev'],
  columns: columns.eventColumns,
  fieldSelectors: {
    'involvedObject.kind': event => event.involvedObject.kind ?? '',
    'involvedObject.namespace': event => event.involvedObject.namespace ?? '',
    'involvedObject.name': event => event.involvedObject.name ?? '',
    'involvedObject.uid': event => event.involvedObject.uid ?? '',
    'involvedObject.apiVersion': event => event.involvedObject.apiVersion ?? '',
    'involvedObject.resourceVersion': event => event.involvedObject.resourceVersion ?? '',
    'involvedObject.fieldPath': event => event.involvedObject.fieldPath ?? '',
    reason: event => event.reason ?? '',
    reportingComponent: event => event.reportingComponent ?? '',
    source: event => event.source?.component || event.reportingComponent || '',
    type: event => event.type ?? '',
  },
})

export const replicationControllers = v1<ReplicationController>({
  kind: 'ReplicationController',
  plural: 'replicationcontrollers',
  shortNames: ['rc'],
  categories: ['all'],
  columns: columns.replicationControllerColumns,
  subresources: {
    status: true,
    scale: {
      specReplicasPath: '.spec.replicas',
      statusReplicasPath: '.status.replicas',
      labelSelectorPath: '.spec.selector',
    },
  },
  fieldSelectors: { 'status.replicas': rc => String(rc.status?.replicas ?? 0) },
})

export const persistentVolumes = v1<PersistentVolume>({
  kind: 'PersistentVolume',
  plural: 'persistentvolumes',
  shortNames: ['pv'],
  namespaced: false,
  columns: columns.persistentVolumeColumns,
  subresources: { status: true },
})

export const persistentVolumeClaims = v1<PersistentVolumeClaim>({
  kind: 'PersistentVolumeClaim',
  plural: 'persistentvolumeclaims',
  shortNames: ['pvc'],
  columns: columns.persistentVolumeClaimColumns,
  subresources: { status: true },
})

export const limitRanges = v1({
  kind: 'LimitRange',
  plural: 'limitranges',
  shortNames: ['limits'],
  columns: limitRangeColumns,
})

export const resourceQuotas = v1({
  kind: 'ResourceQuota',
  plural: 'resourcequotas',
  shortNames: ['quota'],
  columns: resourceQuotaColumns,
  subresources: { status: true },
})

export const podTemplates = v1({
  kind: 'PodTemplate',
  plural: 'podtemplates',
  columns: podTemplateColumns,
})

/** Binds Pods to nodes; a Binding is carried out, not stored. */
export const bindings = v1({
  kind: 'Binding',
  plural: 'bindings',
  verbs: ['create'],
  stored: false,
})

/** How scheduler, controllers and store are; looked up when asked for, never stored. */
export const componentStatuses = v1({
  kind: 'ComponentStatus',
  plural: 'componentstatuses',
  shortNames: ['cs'],
  namespaced: false,
  columns: columns.componentStatusColumns,
  deprecation: 'v1 ComponentStatus is deprecated in v1.19+',
  verbs: ['get', 'list'],
  stored: false,
})
