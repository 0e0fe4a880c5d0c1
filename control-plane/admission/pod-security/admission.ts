import type { Client, InformerFactory } from '../../../api/client/client.ts'
import { pods } from '../../../api/kinds/core.ts'
import { resourceName } from '../../../api/kinds/kind.ts'
import type { Pod } from '../../../api/kinds/types.ts'
import { hasKeptSpec } from '../../../api/meta/kept-spec.ts'
import { forbidden, internalError, isNotFound } from '../../../api/meta/status.ts'
import type { AdmissionAttributes, AdmissionPlugin } from '../../../plugins/admission.ts'
import { NamespaceFinder } from '../matching/selection.ts'
import type { Checked } from './check.ts'
import { violations } from './checks.ts'
import type { PodSecurityMetrics } from './metrics.ts'
import { checkNamespace } from './namespaces.ts'
import { type Exemptions, isOpen, OPEN, type Policy, policyOf } from './policy.ts'

/** Where a kind that makes Pods keeps what they are to be. */
const TEMPLATES: Record<string, (object: any) => any> = {
  podtemplates: ({ template }) => template,
  replicationcontrollers: ({ spec }) => spec.template,
  'replicasets.apps': ({ spec }) => spec.template,
  'deployments.apps': ({ spec }) => spec.template,
  'statefulsets.apps': ({ spec }) => spec.template,
  'daemonsets.apps': ({ spec }) => spec.template,
  'jobs.batch': ({ spec }) => spec.template,
  'cronjobs.batch': ({ spec }) => spec.jobTemplate?.spec?.template,
}

const PREFIX = 'pod-security.kubernetes.io/'
const POD_SUBRESOURCES = new Set(['', 'ephemeralcontainers', 'resize'])

/** Holds Pods to the Pod Security Standard that their namespace's labels ask for (kubernetes.io, "Pod Security Admission"). */
export function podSecurity(
  client: Client,
  informers: InformerFactory,
  settings = OPEN,
  metrics?: PodSecurityMetrics,
): AdmissionPlugin {
  const finder = new NamespaceFinder(client, informers)
  const podCache = informers.informer(pods)
  const policyIn = async (namespace: string, attributes: AdmissionAttributes): Promise<Policy> => {
    const found = await finder.find(namespace).catch(error => {
      metrics?.failed(attributes, true)
      if (!isNotFound(error)) throw error
      throw internalError(`failed to lookup namespace ${JSON.stringify(namespace)}`)
    })
    return policyOf(found.metadata.labels, settings.defaults)
  }
  return {
    name: 'PodSecurity',
    handles: ({ operation, kind, subresource }) => {
      if (operation !== 'CREATE' && operation !== 'UPDATE') return false
      const resource = resourceName(kind)
      if (resource === 'pods') return POD_SUBRESOURCES.has(subresource)
      return subresource === '' && (resource === 'namespaces' || resource in TEMPLATES)
    },
    async validate(attributes) {
      const resource = resourceName(attributes.kind)
      if (resource === 'namespaces') return checkNamespace(attributes, () => podCache.list(), settings)
      const isPod = resource === 'pods'
      const reason = exemption(attributes, settings.exemptions)
      if (reason) return exempt(attributes, reason, metrics)
      const { object, oldObject, namespace = '' } = attributes
      const policy = await policyIn(namespace, attributes)
      if (isOpen(policy)) {
        if (!isPod) return
        tellPolicy(attributes, policy)
        metrics?.evaluated('enforce', attributes, policy, true)
        return
      }
      if (isPod && oldObject && !isSignificant(object as Pod, oldObject as Pod)) return
      const checked: Checked | undefined = isPod ? (object as Pod) : TEMPLATES[resource]?.(object)
      if (!checked?.spec) return
      const { runtimeClassName = '' } = checked.spec
      if (settings.exemptions.runtimeClasses.has(runtimeClassName)) {
        return exempt(attributes, 'runtimeClass', metrics)
      }
      if (isPod) enforce(attributes, checked, policy, metrics)
      else warn(attributes, checked, policy, metrics)
    },
  }
}

/** Why nothing is asked of who writes, or where; undefined where it is. */
function exemption(
  { namespace = '', user }: AdmissionAttributes,
  { namespaces, usernames }: Exemptions,
): string | undefined {
  if (namespaces.has(namespace)) return 'namespace'
  return usernames.has(user.name) ? 'user' : undefined
}

function exempt(
  attributes: AdmissionAttributes,
  reason: string,
  metrics: PodSecurityMetrics | undefined,
): void {
  metrics?.exempted(attributes)
  attributes.origin?.annotate(`${PREFIX}exempt`, reason)
}

const tellPolicy = ({ origin }: AdmissionAttributes, policy: Policy): void =>
  origin?.annotate(`${PREFIX}enforce-policy`, policy.enforce.name)

function enforce(
  attributes: AdmissionAttributes,
  pod: Checked,
  policy: Policy,
  metrics: PodSecurityMetrics | undefined,
): void {
  const { level, minor, name } = policy.enforce
  tellPolicy(attributes, policy)
  const faults = violations(level, pod, minor)
  metrics?.evaluated('enforce', attributes, policy, !faults)
  if (!faults) {
    warn(attributes, pod, policy, metrics)
    return
  }
  note(attributes, pod, policy, metrics)
  const why = `violates PodSecurity ${JSON.stringify(name)}: ${faults}`
  throw forbidden({ group: '', plural: 'pods' }, pod.metadata?.name || attributes.name, why)
}

/** For the audit log and the metrics alone. */
function note(
  attributes: AdmissionAttributes,
  pod: Checked,
  policy: Policy,
  metrics: PodSecurityMetrics | undefined,
): void {
  const { audit } = policy
  if (!attributes.origin && !metrics) return
  const faults = violations(audit.level, pod, audit.minor)
  if (!faults) return
  metrics?.evaluated('audit', attributes, policy, false)
  const text = `would violate PodSecurity ${JSON.stringify(audit.name)}: ${faults}`
  attributes.origin?.annotate(`${PREFIX}audit-violations`, text)
}

function warn(
  attributes: AdmissionAttributes,
  pod: Checked,
  policy: Policy,
  metrics: PodSecurityMetrics | undefined,
): void {
  note(attributes, pod, policy, metrics)
  const { level, minor, name } = policy.warn
  const faults = violations(level, pod, minor)
  if (!faults) return
  metrics?.evaluated('warn', attributes, policy, false)
  attributes.warn(`would violate PodSecurity ${JSON.stringify(name)}: ${faults}`)
}

const SECCOMP_POD = 'seccomp.security.alpha.kubernetes.io/pod'
const SECCOMP = 'container.seccomp.security.alpha.kubernetes.io/'

/** Whether a Pod has seccomp profiles the way that they were once given. */
function isProfiled({ metadata }: Pod): boolean {
  for (const key in metadata.annotations) if (key === SECCOMP_POD || key.startsWith(SECCOMP)) return true
  return false
}

/** Of what an update can change, only images, old annotations and containers that are added matter. */
function isSignificant(pod: Pod, old: Pod): boolean {
  const { metadata } = pod
  if (hasKeptSpec(pod, old) && !isProfiled(pod) && !isProfiled(old)) return false
  const { spec } = pod
  const isChanged = (key: string): boolean => metadata.annotations?.[key] !== old.metadata.annotations?.[key]
  if (isChanged(SECCOMP_POD)) return true
  return (['containers', 'initContainers', 'ephemeralContainers'] as const).some(list => {
    const [after, before] = [spec[list] ?? [], old.spec[list] ?? []]
    if (list !== 'ephemeralContainers' && after.length !== before.length) return true
    return after.some(({ name, image }) => {
      const known = before.find(container => container.name === name)
      return known?.image !== image || isChanged(`${SECCOMP}${name}`)
    })
  })
}
