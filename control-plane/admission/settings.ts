import type { FindCredentials } from '../apiserver/webhooks/credentials.ts'
import type { LimitedResource } from './limited-resources.ts'
import type { EventLimit } from './opt-in/event-rate-limit.ts'
import type { ImagePolicySettings } from './opt-in/image-policy.ts'
import type { NodeSelectors } from './opt-in/pod-node-selector.ts'
import type { TolerationSettings } from './opt-in/pod-tolerations.ts'
import type { PluginSwitches } from './plugin-names.ts'
import type { PodSecuritySettings } from './pod-security/policy.ts'

/** What plugins are told by a file, each under its name. */
export interface PluginConfigurations {
  EventRateLimit?: EventLimit[]
  ImagePolicyWebhook?: ImagePolicySettings
  MutatingAdmissionWebhook?: FindCredentials
  ValidatingAdmissionWebhook?: FindCredentials
  PodNodeSelector?: NodeSelectors
  PodSecurity?: PodSecuritySettings
  PodTolerationRestriction?: TolerationSettings
  ResourceQuota?: LimitedResource[]
}

/** By what is wrong with the node. Seconds. */
export interface TolerationSeconds {
  notReady?: number
  unreachable?: number
}

/** What can be set of admission. */
export interface AdmissionSettings extends PluginSwitches {
  configurations?: PluginConfigurations
  /** How long Pods stay on a node that is so, where they do not say themselves (300). */
  tolerationSeconds?: TolerationSeconds
}
