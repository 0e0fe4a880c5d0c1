import type { Client, InformerFactory } from '../../../api/client/client.ts'
import { namespaces, pods } from '../../../api/kinds/core.ts'
import { resourceName } from '../../../api/kinds/kind.ts'
import type { Pod } from '../../../api/kinds/types.ts'
import { hasKeptSpec } from '../../../api/meta/kept-spec.ts'
import { forbidden, internalError, invalid, isNotFound } from '../../../api/meta/status.ts'
import type { AdmissionAttributes, AdmissionPlugin } from '../../../plugins/admission.ts'
import type { Checked } from './check.ts'
import { faultsOf, violations } from './checks.ts'
import { isRelaxed, type Level, labelFaults, levelOf } from './policy.ts'

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

type Labels = Record<string, string> | undefined

/** Holds Pods to the Pod Security Standard that their namespace's labels ask for (kubernetes.io, "Pod Security Admission"). */
export function podSecurity(client: Client, informers: InformerFactory): AdmissionPlugin {
  const cache = informers.informer(namespaces)
  const podCache = informers.informer(pods)
  const labelsOf = async (name: string): Promise<Labels> => {
    const found =
      cache.get(name) ??
      (await client.get(namespaces, { name }).catch(error => {
        if (!isNotFound(error)) throw error
        throw internalError(`failed to lookup namespace ${name}`)
      }))
    return found.metadata.labels
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
      if (resource === 'namespaces') return checkNamespace(attributes, () => podCache.list())
      const { object, oldObject, namespace = '' } = attributes
      const labels = await labelsOf(namespace)
      if (resource === 'pods') {
        if (!oldObject || isSignificant(object as Pod, oldObject as Pod)) checkPod(attributes, labels)
        return
      }
      const template = TEMPLATES[resource]?.(object)
      if (template?.spec) warn(attributes, template, labels)
    },
  }
}

function checkPod(attributes: AdmissionAttributes, labels: Labels): void {
  const pod = attributes.object as Pod
  const { level, minor, name } = levelOf(labels, 'enforce')
  const faults = violations(level, pod, minor)
  attributes.origin?.annotate(`${PREFIX}enforce-policy`, name)
  if (faults) note(attributes, pod, labels)
  if (faults) {
    const why = `violates PodSecurity ${JSON.stringify(name)}: ${faults}`
    throw forbidden({ group: '', plural: 'pods' }, pod.metadata.name || attributes.name, why)
  }
  warn(attributes, pod, labels)
}

/** For the audit log alone. */
function note({ origin }: AdmissionAttributes, pod: Checked, labels: Labels): void {
  if (!origin) return
  const { level, minor, name } = levelOf(labels, 'audit')
  const faults = violations(level, pod, minor)
  if (faults) {
    origin.annotate(
      `${PREFIX}audit-violations`,
      `would violate PodSecurity ${JSON.stringify(name)}: ${faults}`,
    )
  }
}

function warn(attributes: AdmissionAttributes, pod: Checked, labels: Labels): void {
  note(attributes, pod, labels)
  const { level, minor, name } = levelOf(labels, 'warn')
  const faults = violations(level, pod, minor)
  if (faults) attributes.warn(`would violate PodSecurity ${JSON.stringify(name)}: ${faults}`)
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

/** The labels that choose a level must name one; those that were wrong before may stay. Who raises a level is told of Pods there. */
function checkNamespace({ kind, object, oldObject, warn }: AdmissionAttributes, podsOf: () => Pod[]): void {
  const { name, labels } = object!.metadata
  const faults = labelFaults(labels)
  const text = (errors: object[]): string => JSON.stringify(errors)
  if (faults.length > 0 && (!oldObject || text(faults) !== text(labelFaults(oldObject.metadata.labels)))) {
    throw invalid(kind, name, faults)
  }
  if (!oldObject) return
  const level = levelOf(labels, 'enforce')
  if (isRelaxed(level, levelOf(oldObject.metadata.labels, 'enforce'))) return
  const there = podsOf().filter(({ metadata }) => metadata.namespace === name)
  for (const warning of podWarnings(name, level, there)) warn(warning)
}

const MOST_PODS = 3_000

/** What of the Pods that are there breaks a level, alike ones together. */
function podWarnings(namespace: string, { level, minor, name }: Level, there: Pod[]): string[] {
  const checked = there.slice(0, MOST_PODS)
  const found = new Map<string, string[]>()
  for (const pod of checked) {
    const reasons = faultsOf(level, minor, pod).map(({ reason }) => reason)
    if (reasons.length === 0) continue
    const key = reasons.join(', ')
    found.set(key, [...(found.get(key) ?? []), pod.metadata.name])
  }
  const warnings = [...found].map(([reasons, names]) => `${nameAll(names.sort())}: ${reasons}`).sort()
  const first = `existing pods in namespace ${JSON.stringify(namespace)} violate the new PodSecurity enforce level ${JSON.stringify(name)}`
  return [
    ...(checked.length < there.length
      ? [
          `new PodSecurity enforce level only checked against the first ${checked.length} of ${there.length} existing pods`,
        ]
      : []),
    ...(warnings.length > 0 ? [first, ...warnings] : []),
  ]
}

function nameAll([first, ...others]: string[]): string {
  if (others.length === 0) return first!
  return `${first} (and ${others.length} other pod${others.length === 1 ? '' : 's'})`
}
