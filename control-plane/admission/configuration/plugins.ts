import {
  duplicateValue,
  type FieldError,
  invalidValue,
  notSupported,
  required,
} from '../../../api/meta/status.ts'
import { isDns1123Label, isDns1123Subdomain } from '../../../api/meta/validation.ts'
import { tolerations } from '../../registry/pod/scheduling.ts'
import { LIMIT_TYPES } from '../opt-in/event-rate-limit.ts'
import type { PluginName } from '../plugin-names.ts'
import {
  isLevel,
  isVersion,
  LEVEL_FAULT,
  levelAt,
  MODES,
  type Mode,
  type PodSecuritySettings,
  type Policy,
  VERSION_FAULT,
} from '../pod-security/policy.ts'
import type { Configurable } from './configurable.ts'
import * as shapes from './shapes.ts'
import { imagePolicy, webhookUsers } from './webhooks.ts'

const group = (name: string, kind: string, ...versions: string[]): string[] =>
  versions.map(version => `${name}/${version} ${kind}`)

/** The plugins that can be told something. */
export const CONFIGURABLE: Partial<Record<PluginName, Configurable>> = {
  PodSecurity: {
    shape: shapes.podSecurity,
    types: group(
      'pod-security.admission.config.k8s.io',
      'PodSecurityConfiguration',
      'v1',
      'v1beta1',
      'v1alpha1',
    ),
    faults: podSecurityFaults,
    read: readPodSecurity,
  },
  ResourceQuota: {
    shape: shapes.resourceQuota,
    types: [
      'apiserver.config.k8s.io/v1 ResourceQuotaConfiguration',
      ...group('resourcequota.admission.k8s.io', 'Configuration', 'v1beta1', 'v1alpha1'),
    ],
    faults: ({ limitedResources = [] }) =>
      limitedResources.flatMap(({ resource }: any, i: number) =>
        resource ? [] : [required(`limitedResources[${i}].resource`, '')],
      ),
    read: ({ limitedResources = [] }) => limitedResources,
  },
  EventRateLimit: {
    shape: shapes.eventRateLimit,
    types: ['eventratelimit.admission.k8s.io/v1alpha1 Configuration'],
    faults: rateFaults,
    read: ({ limits }) => limits,
  },
  ImagePolicyWebhook: imagePolicy,
  MutatingAdmissionWebhook: webhookUsers,
  ValidatingAdmissionWebhook: webhookUsers,
  PodTolerationRestriction: {
    shape: shapes.podTolerations,
    types: ['podtolerationrestriction.admission.k8s.io/v1alpha1 Configuration'],
    faults: ({ default: given = [], whitelist = [] }) => [
      ...tolerations(given, 'podtolerationrestriction.default'),
      ...tolerations(whitelist, 'podtolerationrestriction.whitelist'),
    ],
    read: ({ default: given, whitelist }) => ({
      ...(given && { default: given }),
      ...(whitelist && { whitelist }),
    }),
  },
  PodNodeSelector: {
    shape: shapes.podNodeSelector,
    types: [],
    faults: () => [],
    read: ({ podNodeSelectorPluginConfig = {} }) => podNodeSelectorPluginConfig,
  },
}

function podSecurityFaults({ defaults = {}, exemptions = {} }: any): FieldError[] {
  return [
    ...MODES.flatMap(mode => [
      ...fault(`defaults.${mode}`, defaults[mode] || 'privileged', isLevel, LEVEL_FAULT),
      ...fault(`defaults.${mode}-version`, defaults[`${mode}-version`] || 'latest', isVersion, VERSION_FAULT),
    ]),
    ...nameFaults('exemptions.namespaces', exemptions.namespaces, isDns1123Label),
    ...nameFaults('exemptions.runtimeClasses', exemptions.runtimeClasses, isDns1123Subdomain),
    ...nameFaults('exemptions.usernames', exemptions.usernames, () => []),
  ]
}

const fault = (path: string, value: string, isFine: (value: string) => boolean, detail: string) =>
  isFine(value) ? [] : [invalidValue(path, value, detail)]

function nameFaults(path: string, names: string[] = [], faultsOf: (name: string) => string[]): FieldError[] {
  return names.flatMap((name, i) => {
    const at = `${path}[${i}]`
    const faults = faultsOf(name)
    if (faults.length > 0) return [invalidValue(at, name, faults.join(', '))]
    if (name === '') return [required(at, '')]
    return names.indexOf(name) < i ? [duplicateValue(at, name)] : []
  })
}

function readPodSecurity({ defaults = {}, exemptions = {} }: any): PodSecuritySettings {
  const levelFor = (mode: Mode) =>
    levelAt(defaults[mode] || 'privileged', defaults[`${mode}-version`] || 'latest')
  const { usernames, runtimeClasses, namespaces } = exemptions
  return {
    defaults: Object.fromEntries(MODES.map(mode => [mode, levelFor(mode)])) as unknown as Policy,
    exemptions: {
      usernames: new Set(usernames),
      runtimeClasses: new Set(runtimeClasses),
      namespaces: new Set(namespaces),
    },
  }
}

function rateFaults({ limits = [] }: any): FieldError[] {
  if (limits.length === 0) return [invalidValue('limits', limits, 'must not be empty')]
  return limits.flatMap(({ type = '', qps = 0, burst = 0, cacheSize = 0 }: any, i: number) => {
    const at = `limits[${i}]`
    return [
      ...(LIMIT_TYPES.includes(type) ? [] : [notSupported(`${at}.type`, type, LIMIT_TYPES)]),
      ...(burst > 0 ? [] : [invalidValue(`${at}.burst`, burst, 'must be positive')]),
      ...(qps > 0 ? [] : [invalidValue(`${at}.qps`, qps, 'must be positive')]),
      ...(cacheSize >= 0 || type === 'Server'
        ? []
        : [invalidValue(`${at}.cacheSize`, cacheSize, 'must not be negative')]),
    ]
  })
}
