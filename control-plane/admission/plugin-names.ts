/**
 * The plugins that can be switched, by upstream's names and in the order in which they run; and whether they are on where
 * nothing is said. NodeRestriction is on here, as the Node authorizer is.
 */
const PLUGINS = {
  AlwaysAdmit: 'off',
  NamespaceAutoProvision: 'off',
  NamespaceLifecycle: 'on',
  NamespaceExists: 'off',
  LimitPodHardAntiAffinityTopology: 'off',
  LimitRanger: 'on',
  ServiceAccount: 'on',
  NodeRestriction: 'on',
  TaintNodesByCondition: 'on',
  AlwaysPullImages: 'off',
  ImagePolicyWebhook: 'off',
  PodSecurity: 'on',
  PodNodeSelector: 'off',
  Priority: 'on',
  DefaultTolerationSeconds: 'on',
  PodTolerationRestriction: 'off',
  EventRateLimit: 'off',
  ExtendedResourceToleration: 'off',
  DefaultStorageClass: 'on',
  StorageObjectInUseProtection: 'on',
  OwnerReferencesPermissionEnforcement: 'off',
  PersistentVolumeClaimResize: 'on',
  RuntimeClass: 'on',
  CertificateApproval: 'on',
  CertificateSigning: 'on',
  ClusterTrustBundleAttest: 'on',
  CertificateSubjectRestriction: 'on',
  DefaultIngressClass: 'on',
  DenyServiceExternalIPs: 'off',
  PodTopologyLabels: 'off',
  MutatingAdmissionWebhook: 'on',
  ValidatingAdmissionPolicy: 'on',
  ValidatingAdmissionWebhook: 'on',
  ResourceQuota: 'on',
  AlwaysDeny: 'off',
} as const

export type PluginName = keyof typeof PLUGINS

export const PLUGIN_NAMES = Object.keys(PLUGINS) as PluginName[]

/** Plugins that cannot do without a configuration. */
export const DEPENDENT: readonly PluginName[] = ['ImagePolicyWebhook', 'EventRateLimit']

/** What is to be on and off beside, and in spite of, what is so by default. */
export interface PluginSwitches {
  enable?: readonly string[]
  disable?: readonly string[]
}

/** What is wrong with names of plugins that were given; undefined where nothing is. */
export function switchFault({ enable = [], disable = [] }: PluginSwitches): string | undefined {
  const unknown = (option: string, names: readonly string[]): string[] =>
    names
      .filter(name => !(name in PLUGINS))
      .map(name => `${option} plugin ${JSON.stringify(name)} is unknown`)
  const both = [...new Set(enable)].filter(name => disable.includes(name)).sort()
  const faults = [
    ...unknown('enable-admission-plugins', enable),
    ...unknown('disable-admission-plugins', disable),
    ...(both.length > 0
      ? [`[${both.join(' ')}] in enable-admission-plugins and disable-admission-plugins overlapped`]
      : []),
  ]
  if (faults.length === 0) return undefined
  return faults.length === 1 ? faults[0] : `[${faults.join(', ')}]`
}

/** The plugins that are on, in the order in which they run. */
export const enabledPlugins = ({ enable = [], disable = [] }: PluginSwitches = {}): PluginName[] =>
  PLUGIN_NAMES.filter(name => enable.includes(name) || (PLUGINS[name] === 'on' && !disable.includes(name)))
