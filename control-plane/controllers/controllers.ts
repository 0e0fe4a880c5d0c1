import type { Client } from '../../api/client/client.ts'
import { type Controller, runController } from '../../api/client/controller.ts'
import { createEventRecorder } from '../../api/client/event-recorder.ts'
import { createInformerFactory } from '../../api/client/informer.ts'
import type { Logger } from '../../plugins/plugin.ts'
import { autoscalerController } from './autoscaler/controller.ts'
import { clusterRoleAggregation } from './cluster-role-aggregation.ts'
import type { ControllerContext } from './context.ts'
import { cronJobController } from './cron-job/controller.ts'
import { daemonSetController } from './daemon-set/controller.ts'
import { deploymentController } from './deployment/controller.ts'
import { disruptionController } from './disruption/controller.ts'
import { endpointsController } from './endpoints/endpoints-controller.ts'
import { endpointSliceMirroringController } from './endpoints/mirroring-controller.ts'
import { endpointSliceController } from './endpoints/slice-controller.ts'
import { runGarbageCollector } from './garbage-collector/run.ts'
import { jobController } from './job/controller.ts'
import { ttlAfterFinishedController } from './job/ttl.ts'
import { namespaceController } from './namespace.ts'
import { rootCaController, serviceAccountController } from './namespace-defaults.ts'
import { nodeIpamController } from './node-ipam.ts'
import { nodeLifecycleController } from './node-lifecycle/controller.ts'
import { podGarbageCollector } from './pod-gc.ts'
import { policyStatusController } from './policy-status/controller.ts'
import { replicaSetController, replicationController } from './replica-set/controller.ts'
import { resourceQuotaController } from './resource-quota.ts'
import { serviceCidrController } from './service-cidr.ts'
import { statefulSetController } from './stateful-set/controller.ts'
import { attributesClassProtection, claimProtection, volumeProtection } from './storage-protection.ts'

/** The controllers, by the component their events name. */
const CONTROLLERS: Record<string, (context: ControllerContext) => Controller> = {
  'serviceaccount-controller': serviceAccountController,
  'root-ca-publisher': rootCaController,
  cidrAllocator: nodeIpamController,
  'service-cidr-controller': serviceCidrController,
  'node-controller': nodeLifecycleController,
  'deployment-controller': deploymentController,
  'replicaset-controller': replicaSetController,
  'replication-controller': replicationController,
  'daemonset-controller': daemonSetController,
  'statefulset-controller': statefulSetController,
  'job-controller': jobController,
  'cronjob-controller': cronJobController,
  'ttl-after-finished-controller': ttlAfterFinishedController,
  controllermanager: disruptionController,
  'resourcequota-controller': resourceQuotaController,
  'clusterrole-aggregation-controller': clusterRoleAggregation,
  'horizontal-pod-autoscaler': context => autoscalerController(context),
  'endpoint-slice-controller': endpointSliceController,
  'endpoint-controller': endpointsController,
  'endpoint-slice-mirroring-controller': endpointSliceMirroringController,
  'namespace-controller': namespaceController,
  'pod-garbage-collector': podGarbageCollector,
  'pvc-protection-controller': claimProtection,
  'pv-protection-controller': volumeProtection,
  'vac-protection-controller': attributesClassProtection,
  'validatingadmissionpolicy-status-controller': policyStatusController,
}

export interface ControllersOptions {
  client: Client
  clusterCIDR: string
  rootCA: string
  log: Logger
  signal: AbortSignal
}

/** Runs all controllers until the signal aborts. */
export async function startControllers(options: ControllersOptions): Promise<void> {
  const { client, log, signal } = options
  const onError = (kind: { plural: string }, error: unknown): void =>
    log.debug({ kind: kind.plural, error: (error as Error).message }, 'informer lost its connection')
  const informers = createInformerFactory(client, signal, { onError })
  const contextOf = (component: string): ControllerContext => ({
    ...options,
    informers,
    recorder: createEventRecorder(client, { component }),
  })
  const controllers = Object.entries(CONTROLLERS).map(([component, make]) => make(contextOf(component)))
  await Promise.all([
    ...controllers.map(controller => runController(controller, { informers, log, signal })),
    runGarbageCollector(contextOf('garbage-collector-controller'), { log, signal, options: { onError } }),
  ])
}
