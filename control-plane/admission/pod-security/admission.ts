import type { Client, InformerFactory } from '../../../api/client/client.ts'
import { namespaces } from '../../../api/kinds/core.ts'
import { resourceName } from '../../../api/kinds/kind.ts'
import { type FieldError, forbidden, invalid, invalidValue, isNotFound } from '../../../api/meta/status.ts'
import type { AdmissionAttributes, AdmissionPlugin } from '../../../plugins/admission.ts'
import { LEVELS, violations } from './checks.ts'

const PREFIX = 'pod-security.kubernetes.io/'
const MODES = ['enforce', 'audit', 'warn']
const VERSION = /^(latest|v1\.(0|[1-9]\d*))$/

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

interface Policy {
  level: string
  /** `restricted:latest`. */
  name: string
}

/** Holds Pods to the Pod Security Standard that their namespace's labels ask for (kubernetes.io, "Pod Security Admission"). */
export function podSecurity(client: Client, informers: InformerFactory): AdmissionPlugin {
  const cache = informers.informer(namespaces)
  const labelsOf = async (name: string | undefined): Promise<Record<string, string>> => {
    if (!name) return {}
    const found =
      cache.get(name) ??
      (await client.get(namespaces, { name }).catch(error => {
        if (!isNotFound(error)) throw error
      }))
    return found?.metadata.labels ?? {}
  }
  return {
    name: 'PodSecurity',
    handles: ({ operation, kind, subresource }) => {
      if (operation !== 'CREATE' && operation !== 'UPDATE') return false
      const resource = resourceName(kind)
      if (resource === 'pods') {
        return operation === 'CREATE' ? subresource === '' : subresource === 'ephemeralcontainers'
      }
      return subresource === '' && (resource === 'namespaces' || resource in TEMPLATES)
    },
    async validate(attributes) {
      const resource = resourceName(attributes.kind)
      if (resource === 'namespaces') return checkLabels(attributes)
      const labels = await labelsOf(attributes.namespace)
      if (resource === 'pods') return checkPod(attributes, labels)
      const template = TEMPLATES[resource]?.(attributes.object)
      if (template?.spec) warn(attributes, template, labels)
    },
  }
}

function policyOf(labels: Record<string, string>, mode: string): Policy {
  const wanted = labels[`${PREFIX}${mode}`] ?? 'privileged'
  const version = labels[`${PREFIX}${mode}-version`] ?? 'latest'
  const level = wanted in LEVELS ? wanted : 'restricted'
  return { level, name: `${level}:${VERSION.test(version) ? version : 'latest'}` }
}

function checkPod(attributes: AdmissionAttributes, labels: Record<string, string>): void {
  const pod = attributes.object as any
  const { level, name } = policyOf(labels, 'enforce')
  const faults = violations(level, pod)
  if (faults) {
    const why = `violates PodSecurity ${JSON.stringify(name)}: ${faults}`
    throw forbidden({ group: '', plural: 'pods' }, pod.metadata.name || attributes.name, why)
  }
  warn(attributes, pod, labels)
}

function warn(attributes: AdmissionAttributes, pod: any, labels: Record<string, string>): void {
  const { level, name } = policyOf(labels, 'warn')
  const faults = violations(level, pod)
  if (faults) attributes.warn(`would violate PodSecurity ${JSON.stringify(name)}: ${faults}`)
}

/** The labels that choose a level must name one; those that were wrong before may stay. */
function checkLabels({ kind, object, oldObject }: AdmissionAttributes): void {
  const labels = object?.metadata.labels ?? {}
  const before = oldObject?.metadata.labels ?? {}
  const errors: FieldError[] = []
  for (const mode of MODES) {
    const [level, version] = [`${PREFIX}${mode}`, `${PREFIX}${mode}-version`]
    const isNew = (key: string): boolean => labels[key] !== undefined && labels[key] !== before[key]
    if (isNew(level) && !(labels[level]! in LEVELS)) {
      const detail = `must be one of ${Object.keys(LEVELS).join(', ')}`
      errors.push(invalidValue(`metadata.labels[${level}]`, labels[level], detail))
    }
    if (isNew(version) && !VERSION.test(labels[version]!)) {
      const detail = 'must be "latest" or "v1.x"'
      errors.push(invalidValue(`metadata.labels[${version}]`, labels[version], detail))
    }
  }
  if (errors.length > 0) throw invalid(kind, object?.metadata.name ?? '', errors)
}
