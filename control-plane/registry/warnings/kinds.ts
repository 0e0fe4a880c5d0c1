import { addressWarnings, networkWarnings } from './addresses.ts'
import { DEPRECATED_LABELS, labelSelectorWarnings, selectorTermWarnings } from './node-labels.ts'
import { nameWarnings, podWarnings, templateWarnings } from './pod.ts'
import { claimSpecWarnings, claimWarnings, persistentVolumeWarnings } from './volumes.ts'

/** What is said of an object that is well, but could do harm or is on its way out. `old` is there on an update. */
export type Warnings = (object: any, old: any, specText?: string) => readonly string[]

const POD_NAMES = 'Pod names and hostnames'

/** Said of a template when the workload is made, and again when it changes. */
const workload: Warnings = ({ metadata, spec }, old) => {
  if (old) return isChanged(metadata, old) ? templateWarnings(spec.template, 'spec.template') : []
  return [...nameWarnings(metadata.name, POD_NAMES), ...templateWarnings(spec.template, 'spec.template')]
}

const isChanged = (metadata: any, old: any): boolean => metadata.generation !== old.metadata.generation

const statefulSet: Warnings = ({ metadata, spec }, old) => [
  ...(!old || isChanged(metadata, old) ? templateWarnings(spec.template, 'spec.template') : []),
  ...((spec.volumeClaimTemplates ?? []) as any[]).flatMap((claim, i) =>
    claimSpecWarnings(claim.spec, `spec.volumeClaimTemplates[${i}].Spec`),
  ),
  ...(spec.revisionHistoryLimit < 0
    ? [
        'spec.revisionHistoryLimit: a negative value retains all historical revisions; a value >= 0 is recommended',
      ]
    : []),
]

const MANY_COMPLETIONS = 100_000
const MUCH_PARALLELISM = 10_000

function jobSpecWarnings(spec: any, path: string): string[] {
  const isHuge =
    spec?.completionMode === 'Indexed' &&
    spec.completions > MANY_COMPLETIONS &&
    spec.parallelism > MUCH_PARALLELISM
  return [
    ...(isHuge
      ? [
          `${path}: In Indexed Jobs with a number of completions higher than 10^5 and a parallelism higher than 10^4, Kubernetes might not be able to track completedIndexes when a big number of indexes fail`,
        ]
      : []),
    ...templateWarnings(spec?.template, `${path}.template`),
  ]
}

const job: Warnings = ({ metadata, spec }, old) => {
  if (old) return isChanged(metadata, old) ? jobSpecWarnings(spec, 'spec') : []
  return [...nameWarnings(metadata.name, POD_NAMES), ...jobSpecWarnings(spec, 'spec')]
}

const cronJob: Warnings = ({ metadata, spec }, old) => {
  const path = 'spec.jobTemplate.spec'
  if (!old) {
    return [...nameWarnings(metadata.name, POD_NAMES), ...jobSpecWarnings(spec.jobTemplate.spec, path)]
  }
  return [
    ...(isChanged(metadata, old) ? jobSpecWarnings(spec.jobTemplate.spec, path) : []),
    ...(spec.schedule?.includes('TZ')
      ? [
          'cannot use TZ or CRON_TZ in spec.spec.schedule, use timeZone instead, see https://kubernetes.io/docs/concepts/workloads/controllers/cron-jobs/ for more details',
        ]
      : []),
  ]
}

const HINTS = 'service.kubernetes.io/topology-aware-hints'
const MODE = 'service.kubernetes.io/topology-mode'

const service: Warnings = ({ metadata, spec }) => {
  const isHeadless = spec.type === 'ClusterIP' && spec.clusterIP === 'None'
  const isExternal = spec.type === 'ExternalName'
  const warnings: string[] = []
  const say = (is: unknown, what: string): void => {
    if (is) warnings.push(what)
  }
  say(
    metadata.annotations?.[HINTS] !== undefined,
    `annotation ${HINTS} is deprecated, please use ${MODE} instead`,
  )
  for (const [i, address] of ((spec.clusterIPs ?? []) as string[]).entries()) {
    if (address !== 'None') warnings.push(...addressWarnings(`spec.clusterIPs[${i}]`, address))
  }
  if (isHeadless) {
    say(spec.loadBalancerIP, 'spec.loadBalancerIP is ignored for headless services')
    say(spec.externalIPs?.length, 'spec.externalIPs is ignored for headless services')
    say((spec.sessionAffinity ?? 'None') !== 'None', 'spec.SessionAffinity is ignored for headless services')
  }
  for (const [i, address] of ((spec.externalIPs ?? []) as string[]).entries()) {
    warnings.push(...addressWarnings(`spec.externalIPs[${i}]`, address))
  }
  if (spec.loadBalancerIP) warnings.push(...addressWarnings('spec.loadBalancerIP', spec.loadBalancerIP))
  for (const [i, range] of ((spec.loadBalancerSourceRanges ?? []) as string[]).entries()) {
    warnings.push(...networkWarnings(`spec.loadBalancerSourceRanges[${i}]`, range.trim()))
  }
  say(isExternal && spec.externalIPs?.length, 'spec.externalIPs is ignored when spec.type is "ExternalName"')
  say(!isExternal && spec.externalName, 'spec.externalName is ignored when spec.type is not "ExternalName"')
  return warnings
}

const node: Warnings = ({ spec = {} }) => [
  ...(spec.configSource ? ['spec.configSource: the feature is removed'] : []),
  ...(spec.externalID ? ['spec.externalID: this field is deprecated, and is unused by Kubernetes'] : []),
  ...((spec.podCIDRs ?? []) as string[]).flatMap((range, i) => networkWarnings(`spec.podCIDRs[${i}]`, range)),
]

const MOUNTABLE = 'kubernetes.io/enforce-mountable-secrets'

const serviceAccount: Warnings = ({ metadata }, old) =>
  metadata.annotations?.[MOUNTABLE] === undefined || old?.metadata.annotations?.[MOUNTABLE] !== undefined
    ? []
    : [
        `metadata.annotations[${MOUNTABLE}]: deprecated in v1.32+; prefer separate namespaces to isolate access to mounted secrets`,
      ]

const INGRESS_CLASS = 'kubernetes.io/ingress.class'

const ingress: Warnings = ({ metadata }, old) =>
  old || metadata.annotations?.[INGRESS_CLASS] === undefined
    ? []
    : [
        `annotation ${JSON.stringify(INGRESS_CLASS)} is deprecated, please use 'spec.ingressClassName' instead`,
      ]

const runtimeClass: Warnings = ({ scheduling }) =>
  Object.keys(scheduling?.nodeSelector ?? {}).flatMap(key =>
    DEPRECATED_LABELS[key] ? [`scheduling.nodeSelector: ${DEPRECATED_LABELS[key]}`] : [],
  )

const storageClass: Warnings = ({ allowedTopologies = [] }) =>
  (allowedTopologies as any[]).flatMap(({ matchLabelExpressions }, i) =>
    selectorTermWarnings({ matchExpressions: matchLabelExpressions }, `allowedTopologies[${i}]`).map(text =>
      text.replace('.matchExpressions', '.matchLabelExpressions'),
    ),
  )

const storageCapacity: Warnings = ({ nodeTopology }) => labelSelectorWarnings(nodeTopology, 'nodeTopology')

const networkPolicy: Warnings = ({ spec }) =>
  [
    ['ingress', 'from'],
    ['egress', 'to'],
  ].flatMap(([list, peers]) =>
    ((spec?.[list!] ?? []) as any[]).flatMap((rule, r) =>
      ((rule[peers!] ?? []) as any[]).flatMap(({ ipBlock }, p) => {
        const at = `spec.${list}[${r}].${peers}[${p}].ipBlock`
        return [
          ...(ipBlock?.cidr ? networkWarnings(`${at}.cidr`, ipBlock.cidr) : []),
          ...((ipBlock?.except ?? []) as string[]).flatMap((range, e) =>
            networkWarnings(`${at}.except[${e}]`, range),
          ),
        ]
      }),
    ),
  )

const endpoints: Warnings = ({ subsets = [] }) =>
  (subsets as any[]).flatMap((subset, s) =>
    ['addresses', 'notReadyAddresses'].flatMap(list =>
      ((subset[list] ?? []) as any[]).flatMap(({ ip = '' }, i) =>
        addressWarnings(`subsets[${s}].${list}[${i}].ip`, ip),
      ),
    ),
  )

const endpointSlice: Warnings = ({ addressType, endpoints: list }) =>
  addressType === 'FQDN'
    ? []
    : ((list ?? []) as any[]).flatMap(({ addresses = [] }, e) =>
        (addresses as string[]).flatMap((address, a) =>
          addressWarnings(`endpoints[${e}].addresses[${a}]`, address),
        ),
      )

/** By `plural` or `plural.group`. */
export const WARNINGS: Record<string, Warnings> = {
  // People do not write to Pods that are there, and controllers do so often.
  pods: (pod, old, specText) => (old ? [] : podWarnings(pod, specText)),
  podtemplates: ({ template }, old) => (old ? [] : templateWarnings(template, 'template')),
  replicationcontrollers: ({ metadata, spec }, old) => {
    if (old) return isChanged(metadata, old) ? templateWarnings(spec.template, 'spec.template') : []
    return [...nameWarnings(metadata.name, POD_NAMES), ...templateWarnings(spec.template, 'spec.template')]
  },
  services: service,
  nodes: node,
  endpoints,
  serviceaccounts: serviceAccount,
  persistentvolumes: persistentVolumeWarnings,
  persistentvolumeclaims: claimWarnings,
  'replicasets.apps': workload,
  'deployments.apps': workload,
  'daemonsets.apps': ({ metadata, spec }, old) =>
    !old || isChanged(metadata, old) ? templateWarnings(spec.template, 'spec.template') : [],
  'statefulsets.apps': statefulSet,
  'jobs.batch': job,
  'cronjobs.batch': cronJob,
  'ingresses.networking.k8s.io': ingress,
  'networkpolicies.networking.k8s.io': networkPolicy,
  'endpointslices.discovery.k8s.io': endpointSlice,
  'runtimeclasses.node.k8s.io': runtimeClass,
  'storageclasses.storage.k8s.io': storageClass,
  'csistoragecapacities.storage.k8s.io': storageCapacity,
}
