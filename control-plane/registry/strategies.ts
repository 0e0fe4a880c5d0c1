import { apiServiceStrategy } from './api-service.ts'
import { cronJobStrategy } from './batch/cron-job.ts'
import { jobStrategy } from './batch/job.ts'
import { signingRequestStrategy } from './certificates/signing-request.ts'
import { withConditionalUpdates } from './conditional-updates.ts'
import { configMapStrategy, secretStrategy } from './configuration.ts'
import { customResourceDefinitionStrategy } from './crd/strategy.ts'
import { defaultStrategies } from './defaults.ts'
import { fillNodeStatus } from './empty-status.ts'
import { ingressStrategy } from './networking/ingress.ts'
import { podStrategy } from './pod/strategy.ts'
import { isSame } from './rules/check.ts'
import { serviceStrategy } from './service/strategy.ts'
import { withStatusUpdates } from './status-updates.ts'
import { claimStrategy } from './storage/claim.ts'
import type { Strategy } from './strategy.ts'
import { withValidations } from './validations.ts'
import { daemonSetStrategy } from './workloads/daemon-set.ts'
import { deploymentStrategy } from './workloads/deployment.ts'
import { replicaSetStrategy, replicationControllerStrategy } from './workloads/replica-set.ts'
import { statefulSetStrategy } from './workloads/stateful-set.ts'

const FINALIZER = 'kubernetes'

const namespaceStrategy: Strategy<any> = {
  nameRule: 'label',
  hasGeneration: false,
  keepStatusOnCreate: true,
  defaults(namespace) {
    namespace.metadata.labels ??= {}
    if (namespace.metadata.name)
      namespace.metadata.labels['kubernetes.io/metadata.name'] = namespace.metadata.name
  },
  prepareForCreate(namespace) {
    namespace.spec = { finalizers: [FINALIZER] }
    namespace.status = { phase: 'Active' }
  },
  prepareForUpdate(namespace, old, { subresource }) {
    if (subresource === 'finalize') namespace.status = old.status
    else namespace.spec = old.spec
    namespace.status ??= old.status
  },
}

const nodeStrategy: Strategy<any> = {
  hasGeneration: false,
  keepStatusOnCreate: true,
  allowCreateOnUpdate: false,
  defaults(node) {
    const { spec, status } = node
    if (spec.podCIDR && !spec.podCIDRs?.length) spec.podCIDRs = [spec.podCIDR]
    if (spec.podCIDRs?.length && !spec.podCIDR) spec.podCIDR = spec.podCIDRs[0]
    if (status?.capacity && !status.allocatable) status.allocatable = { ...status.capacity }
  },
  prepareForCreate: fillNodeStatus,
  prepareForUpdate: fillNodeStatus,
}

/** Subjects are users and groups of the RBAC group unless they are service accounts. */
const bindingStrategy: Strategy<any> = {
  nameRule: 'path-segment',
  hasGeneration: false,
  defaults(binding) {
    binding.roleRef ??= {}
    binding.roleRef.apiGroup ||= 'rbac.authorization.k8s.io'
    for (const subject of binding.subjects ?? []) {
      subject.apiGroup ||= subject.kind === 'ServiceAccount' ? '' : 'rbac.authorization.k8s.io'
      if (subject.apiGroup === '') delete subject.apiGroup
    }
  },
}

const roleStrategy: Strategy<any> = { nameRule: 'path-segment', hasGeneration: false }

/** Behind CoordinatedLeaderElection, which is off in v1.34. */
function dropElection({ spec }: any): void {
  if (spec?.strategy !== undefined) delete spec.strategy
  if (spec?.preferredHolder !== undefined) delete spec.preferredHolder
}

const leaseStrategy: Strategy<any> = {
  hasGeneration: false,
  allowCreateOnUpdate: true,
  prepareForCreate: dropElection,
  prepareForUpdate: dropElection,
}

const eventStrategy: Strategy<any> = {
  hasGeneration: false,
  allowCreateOnUpdate: true,
  dependents: 'none',
}

const endpointSliceStrategy: Strategy<any> = {
  hasGeneration: true,
  /** Whose endpoints they are is said by labels: these count as well. */
  prepareForUpdate({ metadata }, old) {
    if (isSame(metadata.labels, old.metadata.labels)) return
    metadata.generation = (old.metadata.generation ?? 0) + 1
  },
  defaults(slice) {
    for (const port of slice.ports ?? []) {
      port.name ??= ''
      port.protocol ??= 'TCP'
    }
  },
}

const endpointsStrategy: Strategy<any> = {
  hasGeneration: false,
  defaults(endpoints) {
    for (const { ports } of endpoints.subsets ?? []) for (const port of ports ?? []) port.protocol ??= 'TCP'
  },
}

/** Of the secrets an account names, only the names count. */
function cleanSecrets(account: any): void {
  if (account.secrets) account.secrets = account.secrets.map(({ name }: { name?: string }) => ({ name }))
}

const serviceAccountStrategy: Strategy<any> = {
  hasGeneration: false,
  prepareForCreate: cleanSecrets,
  prepareForUpdate: cleanSecrets,
}

/** What is special to each kind, by `plural` or `plural.group`. Kinds that are not here have no rules of their own. */
export const strategies: Record<string, Strategy<any>> = withConditionalUpdates(
  withStatusUpdates(
    withValidations({
      ...defaultStrategies,
      pods: podStrategy,
      services: serviceStrategy,
      namespaces: namespaceStrategy,
      nodes: nodeStrategy,
      configmaps: configMapStrategy,
      secrets: secretStrategy,
      serviceaccounts: serviceAccountStrategy,
      events: eventStrategy,
      endpoints: endpointsStrategy,
      'endpointslices.discovery.k8s.io': endpointSliceStrategy,
      'leases.coordination.k8s.io': leaseStrategy,
      'deployments.apps': deploymentStrategy,
      'replicasets.apps': replicaSetStrategy,
      'statefulsets.apps': statefulSetStrategy,
      'daemonsets.apps': daemonSetStrategy,
      'jobs.batch': jobStrategy,
      'apiservices.apiregistration.k8s.io': apiServiceStrategy,
      'customresourcedefinitions.apiextensions.k8s.io': customResourceDefinitionStrategy,
      'cronjobs.batch': cronJobStrategy,
      'ingresses.networking.k8s.io': ingressStrategy,
      'certificatesigningrequests.certificates.k8s.io': signingRequestStrategy,
      replicationcontrollers: replicationControllerStrategy,
      persistentvolumeclaims: claimStrategy,
      'roles.rbac.authorization.k8s.io': roleStrategy,
      'clusterroles.rbac.authorization.k8s.io': roleStrategy,
      'rolebindings.rbac.authorization.k8s.io': bindingStrategy,
      'clusterrolebindings.rbac.authorization.k8s.io': bindingStrategy,
    }),
  ),
)
