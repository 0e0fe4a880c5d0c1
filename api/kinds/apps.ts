import * as columns from './columns/workloads.ts'
import { groupVersion } from './declare.ts'
import type { ScalePaths } from './kind.ts'
import type { ControllerRevision, DaemonSet, Deployment, ReplicaSet, StatefulSet } from './types.ts'

const v1 = groupVersion('apps', 'v1')

const scale: ScalePaths = {
  specReplicasPath: '.spec.replicas',
  statusReplicasPath: '.status.replicas',
  labelSelectorPath: '.spec.selector',
}

export const deployments = v1<Deployment>({
  kind: 'Deployment',
  plural: 'deployments',
  shortNames: ['deploy'],
  categories: ['all'],
  columns: columns.deploymentColumns,
  subresources: { status: true, scale },
})

export const replicaSets = v1<ReplicaSet>({
  kind: 'ReplicaSet',
  plural: 'replicasets',
  shortNames: ['rs'],
  categories: ['all'],
  columns: columns.replicaSetColumns,
  subresources: { status: true, scale },
  fieldSelectors: { 'status.replicas': rs => String(rs.status?.replicas ?? 0) },
})

export const daemonSets = v1<DaemonSet>({
  kind: 'DaemonSet',
  plural: 'daemonsets',
  shortNames: ['ds'],
  categories: ['all'],
  columns: columns.daemonSetColumns,
  subresources: { status: true },
})

export const statefulSets = v1<StatefulSet>({
  kind: 'StatefulSet',
  plural: 'statefulsets',
  shortNames: ['sts'],
  categories: ['all'],
  columns: columns.statefulSetColumns,
  subresources: { status: true, scale },
})

export const controllerRevisions = v1<ControllerRevision>({
  kind: 'ControllerRevision',
  plural: 'controllerrevisions',
  columns: columns.controllerRevisionColumns,
})
