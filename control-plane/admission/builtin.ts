import type { Registry } from 'prom-client'
import type { Client, InformerFactory } from '../../api/client/client.ts'
import type { AdmissionPlugin } from '../../plugins/admission.ts'
import { createAuthorizer } from '../auth/authorizers.ts'
import type { ImmediateAuthorizer } from '../auth/types.ts'
import {
  certificateApproval,
  certificateSigning,
  certificateSubjectRestriction,
  trustBundleAttest,
} from './certificates.ts'
import { claimResize, defaultIngressClass, defaultStorageClass } from './default-classes.ts'
import { deviceAdminAccess } from './device-admin-access.ts'
import type { DynamicAdmission } from './dynamic.ts'
import { escalationCheck } from './escalation.ts'
import { limitRanger } from './limit-ranger.ts'
import { NamespaceFinder } from './matching/selection.ts'
import { namespaceLifecycle } from './namespace-lifecycle.ts'
import { nodeRestriction } from './node-restriction/plugin.ts'
import { alwaysAdmit, alwaysDeny } from './opt-in/always.ts'
import { alwaysPullImages } from './opt-in/always-pull-images.ts'
import { limitAntiAffinity } from './opt-in/anti-affinity.ts'
import { eventRateLimit } from './opt-in/event-rate-limit.ts'
import { tolerateExtendedResources } from './opt-in/extended-resources.ts'
import { denyExternalIps } from './opt-in/external-ips.ts'
import { imagePolicy } from './opt-in/image-policy.ts'
import { namespaceAutoProvision, namespaceExists } from './opt-in/namespace-existence.ts'
import { ownerPermissions } from './opt-in/owner-permissions.ts'
import { podNodeSelector } from './opt-in/pod-node-selector.ts'
import { podTolerations } from './opt-in/pod-tolerations.ts'
import { podTopologyLabels } from './opt-in/topology-labels.ts'
import { enabledPlugins, type PluginName } from './plugin-names.ts'
import { defaultTolerationSeconds, taintNodesByCondition } from './pod-defaults.ts'
import { podSecurity } from './pod-security/admission.ts'
import { PodSecurityMetrics } from './pod-security/metrics.ts'
import { priorityAdmission } from './priority.ts'
import { resourceQuotaAdmission } from './resource-quota.ts'
import { runtimeClassAdmission } from './runtime-class.ts'
import { serviceAccountAdmission } from './service-account.ts'
import { serviceAddresses } from './service-addresses.ts'
import type { AdmissionSettings, PluginConfigurations } from './settings.ts'
import { storageProtection } from './storage-protection.ts'
import type { ObjectForms } from './written-request.ts'

export interface AdmissionOptions {
  client: Client
  /** The client past admission. */
  admitted: Client
  informers: InformerFactory
  forms: ObjectForms
  serviceCIDR: string
  /** Webhooks and policies. */
  dynamic: DynamicAdmission
  /** Plugins of third parties. */
  others: readonly AdmissionPlugin[]
  registry: Registry
  /** Upstream's defaults where left out. */
  settings?: AdmissionSettings | undefined
}

/** What plugins are made of. */
interface Parts extends AdmissionOptions {
  authorizer: ImmediateAuthorizer
  finder: NamespaceFinder
  configured: PluginConfigurations
}

const CREATE: Record<PluginName, (parts: Parts) => AdmissionPlugin> = {
  AlwaysAdmit: () => alwaysAdmit,
  NamespaceAutoProvision: ({ client, informers }) => namespaceAutoProvision(client, informers),
  NamespaceLifecycle: ({ client, informers }) => namespaceLifecycle(client, informers),
  NamespaceExists: ({ client, informers }) => namespaceExists(client, informers),
  LimitPodHardAntiAffinityTopology: () => limitAntiAffinity,
  LimitRanger: ({ informers }) => limitRanger(informers),
  ServiceAccount: ({ client, informers }) => serviceAccountAdmission(client, informers),
  NodeRestriction: ({ client, authorizer }) => nodeRestriction(client, authorizer),
  TaintNodesByCondition: () => taintNodesByCondition,
  AlwaysPullImages: () => alwaysPullImages,
  ImagePolicyWebhook: ({ informers, configured }) => imagePolicy(configured.ImagePolicyWebhook!, informers),
  PodSecurity: ({ client, informers, configured, registry }) =>
    podSecurity(client, informers, configured.PodSecurity, new PodSecurityMetrics(registry)),
  PodNodeSelector: ({ finder, configured }) => podNodeSelector(finder, configured.PodNodeSelector),
  Priority: ({ informers }) => priorityAdmission(informers),
  DefaultTolerationSeconds: ({ settings }) => defaultTolerationSeconds(settings?.tolerationSeconds),
  PodTolerationRestriction: ({ finder, configured }) =>
    podTolerations(finder, configured.PodTolerationRestriction),
  EventRateLimit: ({ configured }) => eventRateLimit(configured.EventRateLimit ?? [], Date.now),
  ExtendedResourceToleration: () => tolerateExtendedResources,
  DefaultStorageClass: ({ informers }) => defaultStorageClass(informers),
  StorageObjectInUseProtection: () => storageProtection,
  OwnerReferencesPermissionEnforcement: ({ authorizer, forms }) => ownerPermissions(authorizer, forms),
  PersistentVolumeClaimResize: ({ informers }) => claimResize(informers),
  RuntimeClass: ({ client, informers }) => runtimeClassAdmission(client, informers),
  CertificateApproval: ({ authorizer }) => certificateApproval(authorizer),
  CertificateSigning: ({ authorizer }) => certificateSigning(authorizer),
  ClusterTrustBundleAttest: ({ authorizer }) => trustBundleAttest(authorizer),
  CertificateSubjectRestriction: () => certificateSubjectRestriction,
  DefaultIngressClass: ({ informers }) => defaultIngressClass(informers),
  DenyServiceExternalIPs: () => denyExternalIps,
  PodTopologyLabels: ({ informers }) => podTopologyLabels(informers),
  MutatingAdmissionWebhook: ({ dynamic }) => dynamic.mutatingWebhooks,
  ValidatingAdmissionPolicy: ({ dynamic }) => dynamic.validatingPolicies,
  ValidatingAdmissionWebhook: ({ dynamic }) => dynamic.validatingWebhooks,
  ResourceQuota: ({ client, informers, configured }) =>
    resourceQuotaAdmission(client, informers, configured.ResourceQuota),
  AlwaysDeny: () => alwaysDeny,
}

/** Those from here on see what all others have made of an object; plugins of third parties run before. */
const LATE: ReadonlySet<PluginName> = new Set(['MutatingAdmissionWebhook'])
const LAST: ReadonlySet<PluginName> = new Set([
  'ValidatingAdmissionPolicy',
  'ValidatingAdmissionWebhook',
  'ResourceQuota',
  'AlwaysDeny',
])

/** All steps that are on, in the order they run. */
export function admissionPlugins(options: AdmissionOptions): AdmissionPlugin[] {
  const { client, admitted, informers, serviceCIDR, others, settings } = options
  const authorizer = createAuthorizer({ informers })
  const finder = new NamespaceFinder(client, informers)
  const parts = { ...options, authorizer, finder, configured: settings?.configurations ?? {} }
  const enabled = enabledPlugins(settings)
  const create = (names: PluginName[]): AdmissionPlugin[] => names.map(name => CREATE[name](parts))
  return [
    ...create(enabled.filter(name => !LATE.has(name) && !LAST.has(name))),
    ...others,
    ...create(enabled.filter(name => LATE.has(name))),
    // What storage itself does comes after all that may change an object, and is not done twice.
    escalationCheck(client, informers, authorizer),
    deviceAdminAccess(finder),
    serviceAddresses({ client: admitted, informers, serviceCIDR }),
    ...create(enabled.filter(name => LAST.has(name))),
  ]
}
