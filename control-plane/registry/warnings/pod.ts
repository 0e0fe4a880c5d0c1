import { isDeepStrictEqual } from 'node:util'
import { isDns1123Label } from '../../../api/meta/validation.ts'
import { adoptionWarnings, profileOfAnnotation } from '../pod/app-armor.ts'
import { SoundTexts } from '../rules/sound.ts'
import { addressWarnings } from './addresses.ts'
import { DEPRECATED_LABELS, selectorTermWarnings } from './node-labels.ts'
import { claimSpecWarnings, fractionWarnings, overlapWarnings, sourceWarnings } from './volumes.ts'

const OLD_ANNOTATIONS: [key: string, advice: string][] = [
  [
    'scheduler.alpha.kubernetes.io/critical-pod',
    'non-functional in v1.16+; use the "priorityClassName" field instead',
  ],
  ['security.alpha.kubernetes.io/sysctls', 'non-functional in v1.11+; use the "sysctls" field instead'],
  [
    'security.alpha.kubernetes.io/unsafe-sysctls',
    'non-functional in v1.11+; use the "sysctls" field instead',
  ],
]
const SECCOMP_POD = 'seccomp.security.alpha.kubernetes.io/pod'
const SECCOMP = 'container.seccomp.security.alpha.kubernetes.io/'
const SECCOMP_ADVICE = 'non-functional in v1.27+; use the "seccompProfile" field instead'
const APP_ARMOR = 'container.apparmor.security.beta.kubernetes.io/'
const APP_ARMOR_ADVICE = 'deprecated since v1.30; use the "appArmorProfile" field instead'

const LISTS = ['initContainers', 'containers', 'ephemeralContainers'] as const

/** What is said of a name that Pods and their hosts are called by, where it is no label. */
export function nameWarnings(name: string | undefined, use: string): string[] {
  const faults = isDns1123Label(name ?? '')
  if (faults.length === 0) return []
  return [
    `metadata.name: this is used in ${use}, which can result in surprising behavior; a DNS label is recommended: [${faults.join(' ')}]`,
  ]
}

const quietSpecs = new SoundTexts()

/** `specText` is the Pod's spec as JSON, where that is at hand. */
export function podWarnings(pod: any, specText?: string): readonly string[] {
  const ofName = nameWarnings(pod.metadata.name, "the Pod's hostname")
  const look = () => templateWarnings(pod, '')
  const isPlain = specText !== undefined && !hasOldAnnotation(pod.metadata.annotations)
  const others = isPlain ? quietSpecs.check(specText, look) : [...look(), ...adoptionWarnings(pod)]
  return ofName.length === 0 ? others : [...ofName, ...others]
}

const OLD_ANNOTATION = /^(scheduler\.alpha|security\.alpha|seccomp\.security\.alpha|container\.)/

function hasOldAnnotation(annotations: Record<string, string> | undefined): boolean {
  for (const key in annotations) if (OLD_ANNOTATION.test(key)) return true
  return false
}

/** Of a Pod, or of a template at a path (`spec.template`); `''` for a Pod. */
export function templateWarnings(template: any, path: string): string[] {
  const { spec, metadata } = template ?? {}
  if (!spec) return []
  const at = path ? `${path}.spec` : 'spec'
  const notes: Record<string, string> = metadata?.annotations ?? {}
  const notesAt = path ? `${path}.metadata.annotations` : 'metadata.annotations'
  return [
    ...placeWarnings(spec, at),
    ...OLD_ANNOTATIONS.flatMap(([key, advice]) =>
      notes[key] === undefined ? [] : [`${notesAt}[${key}]: ${advice}`],
    ),
    ...volumeWarnings(spec.volumes ?? [], `${at}.volumes`),
    ...overlapWarnings(spec.volumes ?? []),
    ...duplicateWarnings(spec, at),
    ...fractions(spec.overhead, `${at}.overhead`),
    ...(notes[SECCOMP_POD] !== undefined && !spec.securityContext?.seccompProfile
      ? [`${notesAt}[${SECCOMP_POD}]: ${SECCOMP_ADVICE}`]
      : []),
    ...LISTS.flatMap(list =>
      ((spec[list] ?? []) as any[]).flatMap((container, i) => [
        ...profileWarnings(container, spec, notes, notesAt, path !== ''),
        ...containerWarnings(container, `${at}.${list}[${i}]`),
      ]),
    ),
    ...portWarnings(spec, at),
    ...(spec.terminationGracePeriodSeconds < 0
      ? [
          `${at}.terminationGracePeriodSeconds: must be >= 0; negative values are invalid and will be treated as 1`,
        ]
      : []),
    ...affinityWarnings(spec.affinity?.podAffinity, `${at}.affinity.podAffinity`),
    ...affinityWarnings(spec.affinity?.podAntiAffinity, `${at}.affinity.podAntiAffinity`),
    ...((spec.dnsConfig?.nameservers ?? []) as string[]).flatMap((address, i) =>
      addressWarnings(`${at}.dnsConfig.nameservers[${i}]`, address),
    ),
    ...((spec.hostAliases ?? []) as any[]).flatMap(({ ip = '' }, i) =>
      addressWarnings(`${at}.hostAliases[${i}].ip`, ip),
    ),
  ]
}

const REQUIRED = 'requiredDuringSchedulingIgnoredDuringExecution'
const PREFERRED = 'preferredDuringSchedulingIgnoredDuringExecution'

/** Where the Pod is to go: labels of nodes on their way out. */
function placeWarnings(
  { nodeSelector = {}, affinity, topologySpreadConstraints = [] }: any,
  at: string,
): string[] {
  const nodes = affinity?.nodeAffinity
  const path = `${at}.affinity.nodeAffinity`
  const terms: any[] = nodes?.[REQUIRED]?.nodeSelectorTerms ?? []
  const preferred: any[] = nodes?.[PREFERRED] ?? []
  return [
    ...Object.keys(nodeSelector).flatMap(key =>
      DEPRECATED_LABELS[key] ? [`${at}.nodeSelector[${key}]: ${DEPRECATED_LABELS[key]}`] : [],
    ),
    ...terms.flatMap((term, i) => selectorTermWarnings(term, `${path}.${REQUIRED}.nodeSelectorTerms[${i}]`)),
    ...preferred.flatMap(({ preference }, i) =>
      selectorTermWarnings(preference, `${path}.${PREFERRED}[${i}].preference`, true),
    ),
    ...topologySpreadConstraints.flatMap(({ topologyKey, labelSelector }: any, i: number) => {
      const place = `${at}.topologySpreadConstraints[${i}]`
      const known = DEPRECATED_LABELS[topologyKey]
      return [
        ...(known ? [`${place}.topologyKey: ${topologyKey} is ${known}`] : []),
        ...(labelSelector ? [] : [`${place}.labelSelector: ${NO_SELECTOR}`]),
      ]
    }),
  ]
}

const NO_SELECTOR = 'a null labelSelector results in matching no pod'

function affinityWarnings(affinity: any, at: string): string[] {
  if (!affinity) return []
  return [
    ...((affinity[REQUIRED] ?? []) as any[]).flatMap(({ labelSelector }, i) =>
      labelSelector ? [] : [`${at}.${REQUIRED}[${i}].labelSelector: ${NO_SELECTOR}`],
    ),
    ...((affinity[PREFERRED] ?? []) as any[]).flatMap(({ podAffinityTerm }, i) =>
      podAffinityTerm?.labelSelector
        ? []
        : [`${at}.${PREFERRED}[${i}].podAffinityTerm.labelSelector: ${NO_SELECTOR}`],
    ),
  ]
}

const volumeWarnings = (volumes: any[], at: string): string[] =>
  volumes.flatMap((volume, i) => [
    ...sourceWarnings(volume, `${at}[${i}]`),
    ...claimSpecWarnings(
      volume.ephemeral?.volumeClaimTemplate?.spec,
      `${at}[${i}].ephemeral.volumeClaimTemplate.spec`,
    ),
  ])

function duplicateWarnings({ hostAliases = [], imagePullSecrets = [] }: any, at: string): string[] {
  return [
    ...repeated(hostAliases, 'ip', `${at}.hostAliases`),
    ...repeated(imagePullSecrets, 'name', `${at}.imagePullSecrets`),
    ...imagePullSecrets.flatMap(({ name }: any, i: number) =>
      name ? [] : [`${at}.imagePullSecrets[${i}].name: invalid empty name ""`],
    ),
  ]
}

function repeated(items: any[], field: string, at: string): string[] {
  if (items.length < 2) return []
  const seen = new Set<string>()
  return items.flatMap((item, i) => {
    const value = item[field] ?? ''
    if (seen.has(value)) return [`${at}[${i}].${field}: duplicate ${field} ${JSON.stringify(value)}`]
    seen.add(value)
    return []
  })
}

const fractions = (amounts: Record<string, string> | undefined, at: string): string[] =>
  amounts
    ? [
        ...fractionWarnings(amounts.memory, () => `${at}[memory]`),
        ...fractionWarnings(amounts['ephemeral-storage'], () => `${at}[ephemeral-storage]`),
      ]
    : []

/** Profiles told of in annotations alone. */
function profileWarnings(
  { name, securityContext }: any,
  spec: any,
  notes: Record<string, string>,
  notesAt: string,
  isTemplate: boolean,
): string[] {
  const [seccomp, appArmor] = [`${SECCOMP}${name}`, `${APP_ARMOR}${name}`]
  const note = notes[appArmor]
  const ofPod = spec.securityContext?.appArmorProfile
  const isOld = isTemplate && note !== undefined && !securityContext?.appArmorProfile
  const isSaid = isOld && ofPod !== undefined && isDeepStrictEqual(ofPod, profileOfAnnotation(note))
  return [
    ...(notes[seccomp] !== undefined && !securityContext?.seccompProfile
      ? [`${notesAt}[${seccomp}]: ${SECCOMP_ADVICE}`]
      : []),
    ...(isOld && !isSaid ? [`${notesAt}[${appArmor}]: ${APP_ARMOR_ADVICE}`] : []),
  ]
}

function containerWarnings({ resources, env = [] }: any, at: string): string[] {
  return [
    ...fractionWarnings(resources?.limits?.memory, () => `${at}.resources.limits[memory]`),
    ...fractionWarnings(resources?.requests?.memory, () => `${at}.resources.requests[memory]`),
    ...fractionWarnings(
      resources?.limits?.['ephemeral-storage'],
      () => `${at}.resources.limits[ephemeral-storage]`,
    ),
    ...fractionWarnings(
      resources?.requests?.['ephemeral-storage'],
      () => `${at}.resources.requests[ephemeral-storage]`,
    ),
    ...(env.length > 1 ? hiddenVariables(env, `${at}.env`) : []),
  ]
}

/** A variable may be built on an earlier one of its name; else it hides that one. */
function hiddenVariables(env: any[], at: string): string[] {
  const seen = new Set<string>()
  return env.flatMap(({ name, value = '', valueFrom }, i) => {
    if (!seen.has(name)) {
      seen.add(name)
      return []
    }
    const reference = `$(${name})`
    if (!valueFrom && value !== reference && value.includes(reference)) return []
    return [
      `${at}[${i}]: hides previous definition of ${JSON.stringify(name)}, which may be dropped when using apply`,
    ]
  })
}

interface Port {
  at: string
  hostIP: string
  hostPort: number
}

function portWarnings(spec: any, at: string): string[] {
  const known = new Map<string, Port[]>()
  return LISTS.flatMap(list =>
    ((spec[list] ?? []) as any[]).flatMap((container, c) =>
      ((container.ports ?? []) as any[]).flatMap((given, p) => {
        const { containerPort, protocol = '', hostIP = '', hostPort = 0 } = given
        const port = { at: `${at}.${list}[${c}].ports[${p}]`, hostIP, hostPort }
        const key = `${containerPort}/${protocol}`
        const others = known.get(key) ?? []
        known.set(key, [...others, port])
        const isLost = hostIP !== '' && hostPort === 0
        return [
          ...(isLost ? [`${port.at}: hostIP set without hostPort: ${goPort(given)}`] : []),
          ...others.flatMap(other => conflict(port, other)),
        ]
      }),
    ),
  )
}

const goPort = ({ name = '', hostPort = 0, containerPort = 0, protocol = '', hostIP = '' }: any): string =>
  `{Name:${name} HostPort:${hostPort} ContainerPort:${containerPort} Protocol:${protocol} HostIP:${hostIP}}`

function conflict(port: Port, other: Port): string[] {
  if (port.hostIP === other.hostIP && port.hostPort === other.hostPort) {
    return [`${port.at}: duplicate port definition with ${other.at}`]
  }
  if (port.hostPort === 0 || other.hostPort === 0) {
    return [`${port.at}: overlapping port definition with ${other.at}`]
  }
  const isOneOpen = (port.hostIP === '') !== (other.hostIP === '')
  return port.hostPort === other.hostPort && isOneOpen
    ? [`${port.at}: dangerously ambiguous port definition with ${other.at}`]
    : []
}
