import type { ApiObject } from '../../api/meta/object.ts'
import { type FieldError, notSupported } from '../../api/meta/status.ts'
import { toTime } from '../../api/meta/time.ts'
import { jobStatusFaults } from './batch/job-status.ts'
import { ingressStatusFaults, serviceStatusFaults } from './service/balancer-status.ts'
import { claimStatusFaults } from './storage/claim-status.ts'
import type { Strategy, StrategyContext } from './strategy.ts'
import {
  autoscalerStatusFaults,
  daemonSetStatusFaults,
  deploymentStatusFaults,
  statefulSetStatusFaults,
} from './workloads/status.ts'

/** What most of those kinds leave alone that leave metadata alone at all. */
const GIVEN = ['labels', 'annotations', 'finalizers', 'ownerReferences']

/**
 * The fields of metadata that a write to a subresource leaves as they are, by `plural` or `plural.group`: upstream's
 * strategies differ, and most let a write of the status change metadata too.
 */
const KEPT_METADATA: Record<string, Strategy['keptMetadata']> = {
  pods: { status: ['ownerReferences'], resize: GIVEN, ephemeralcontainers: GIVEN },
  'deployments.apps': { status: ['labels'] },
  'resourceclaims.resource.k8s.io': { status: GIVEN },
  'volumeattachments.storage.k8s.io': { status: GIVEN },
  'servicecidrs.networking.k8s.io': { status: GIVEN },
  'validatingadmissionpolicies.admissionregistration.k8s.io': { status: GIVEN },
  'apiservices.apiregistration.k8s.io': { status: GIVEN },
  'flowschemas.flowcontrol.apiserver.k8s.io': { status: 'all' },
  'prioritylevelconfigurations.flowcontrol.apiserver.k8s.io': { status: 'all' },
}

type Prepare = (object: any, old: any, context: StrategyContext) => void

/** What v1.34 has behind DeploymentReplicaSetTerminatingReplicas, which is off. */
const dropTerminating: Prepare = ({ status }) => {
  if (status?.terminatingReplicas !== undefined) delete status.terminatingReplicas
}

/** When a volume came into its phase: the server's clock says it where the client does not. */
const timePhase: Prepare = (volume, old, { now }) => {
  volume.status ??= {}
  const { status } = volume
  const before = old.status ?? {}
  const given = status.lastPhaseTransitionTime
  if (status.phase !== before.phase) {
    if (!given || given === before.lastPhaseTransitionTime) status.lastPhaseTransitionTime = toTime(now)
  } else if (!given && before.lastPhaseTransitionTime) {
    status.lastPhaseTransitionTime = before.lastPhaseTransitionTime
  }
}

/** Behind MutableCSINodeAllocatableCount, which is off. */
const dropErrorCodes: Prepare = ({ status }) => {
  for (const error of [status?.attachError, status?.detachError]) {
    if (error?.errorCode !== undefined) delete error.errorCode
  }
}

const dropConfig: Prepare = ({ status }, old) => {
  if (status?.config !== undefined && old.status?.config === undefined) delete status.config
}

/** A device that is no longer allocated to a claim has no status there. */
const dropDeallocated: Prepare = ({ status }, old) => {
  if (!status?.devices || !old.status?.allocation) return
  const keysOf = (allocation: any): Set<string> => new Set((allocation?.devices?.results ?? []).map(keyOf))
  const after = keysOf(status.allocation)
  const gone = keysOf(old.status.allocation).difference(after)
  if (gone.size === 0) return
  status.devices = status.devices.filter((device: any) => !gone.has(keyOf(device)))
  if (status.devices.length === 0) delete status.devices
}

/** An address is one of the balancer's own unless it says that it only passes packets on. */
const defaultMode: Prepare = ({ spec, status }) => {
  if (spec.type !== 'LoadBalancer') return
  for (const ingress of status?.loadBalancer?.ingress ?? []) if (ingress.ip) ingress.ipMode ??= 'VIP'
}

const keyOf = ({ driver, pool, device }: any): string => `${driver}/${pool}/${device}`

/** What else a write of the status changes before it is looked at. */
const PREPARE: Record<string, Prepare> = {
  'deployments.apps': dropTerminating,
  'replicasets.apps': dropTerminating,
  persistentvolumes: timePhase,
  'volumeattachments.storage.k8s.io': dropErrorCodes,
  nodes: dropConfig,
  services: defaultMode,
  'resourceclaims.resource.k8s.io': dropDeallocated,
}

const APISERVICE_STATUSES = ['True', 'False', 'Unknown']

const apiServiceStatusFaults: StatusFaults = ({ status }) =>
  (status?.conditions ?? []).flatMap((condition: any, i: number) =>
    APISERVICE_STATUSES.includes(condition.status)
      ? []
      : [notSupported(`status.conditions[${i}].status`, condition.status ?? '', APISERVICE_STATUSES)],
  )

type StatusFaults = (object: any, old: any) => readonly FieldError[]

/** What a status may not say, where that is not told beside the kind's other rules. */
const STATUS_FAULTS: Record<string, StatusFaults> = {
  'deployments.apps': deploymentStatusFaults,
  'statefulsets.apps': statefulSetStatusFaults,
  'daemonsets.apps': daemonSetStatusFaults,
  'jobs.batch': jobStatusFaults,
  'horizontalpodautoscalers.autoscaling': autoscalerStatusFaults,
  services: serviceStatusFaults,
  'ingresses.networking.k8s.io': ingressStatusFaults,
  persistentvolumeclaims: claimStatusFaults,
  'apiservices.apiregistration.k8s.io': apiServiceStatusFaults,
}

/** Gives the strategies of a table what their kinds do with a write of the status. */
export function withStatusUpdates(table: Record<string, Strategy<any>>): Record<string, Strategy<any>> {
  const result = { ...table }
  for (const [resource, keptMetadata] of Object.entries(KEPT_METADATA)) {
    result[resource] = { ...result[resource], keptMetadata: keptMetadata! }
  }
  for (const [resource, prepare] of Object.entries(PREPARE)) {
    const before = result[resource]?.prepareForUpdate
    const prepareForUpdate = (object: ApiObject, old: ApiObject, context: StrategyContext): void => {
      before?.(object, old, context)
      if (context.subresource === 'status') prepare(object, old, context)
    }
    result[resource] = { ...result[resource], prepareForUpdate }
  }
  for (const [resource, faults] of Object.entries(STATUS_FAULTS)) {
    const others = result[resource]?.validate
    const validate: Strategy<any>['validate'] = (object, old, context) =>
      context.subresource === 'status' && old ? faults(object, old) : (others?.(object, old, context) ?? [])
    result[resource] = { ...result[resource], validate }
  }
  return result
}
