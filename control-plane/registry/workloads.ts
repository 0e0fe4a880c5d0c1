import { isDeepStrictEqual } from 'node:util'
import type { Deployment, PodTemplateSpec, ReplicaSet } from '../../api/kinds/types.ts'
import { labelSelector } from '../../api/meta/selectors.ts'
import { type FieldError, invalidValue, notSupported, required } from '../../api/meta/status.ts'
import { defaultPodSpec } from './pod/defaults.ts'
import { validatePodSpec } from './pod/validate-spec.ts'
import type { Strategy } from './strategy.ts'

type Workload = { metadata: { labels?: Record<string, string> }; spec: any }

/** A Pod template, where workloads keep it. */
export function defaultTemplate({ spec }: Workload): void {
  if (spec?.template?.spec) defaultPodSpec(spec.template.spec)
}

/** Rules all workloads share: the selector matches the template, does not change, and the template is a good Pod. */
export function validateWorkload(
  object: Workload,
  old: Workload | undefined,
  policies = ['Always'],
): FieldError[] {
  const { selector, template, replicas } = object.spec
  const errors: FieldError[] = []
  if (!selector) errors.push(required('spec.selector', ''))
  else if (Object.keys(selector.matchLabels ?? {}).length + (selector.matchExpressions ?? []).length === 0) {
    errors.push(invalidValue('spec.selector', selector, 'empty selector is invalid for deployment'))
  }
  if (replicas !== undefined && replicas < 0) {
    errors.push(invalidValue('spec.replicas', replicas, 'must be greater than or equal to 0'))
  }
  errors.push(...validateTemplate(template, selector, policies))
  if (old && !isDeepStrictEqual(old.spec.selector, selector)) {
    errors.push(invalidValue('spec.selector', selector, 'field is immutable'))
  }
  return errors
}

function validateTemplate(
  template: PodTemplateSpec | undefined,
  selector: any,
  policies: string[],
): FieldError[] {
  if (!template?.spec) return [required('spec.template.spec.containers', '')]
  const errors: FieldError[] = []
  const { labels } = template.metadata ?? {}
  if (selector && !labelSelector(selector).matches(labels)) {
    errors.push(
      invalidValue(
        'spec.template.metadata.labels',
        labels ?? null,
        '`selector` does not match template `labels`',
      ),
    )
  }
  errors.push(...validatePodSpec(template.spec, 'spec.template.spec'))
  const policy = template.spec.restartPolicy
  if (policy && !policies.includes(policy))
    errors.push(notSupported('spec.template.spec.restartPolicy', policy, policies))
  return errors
}

export const deploymentStrategy: Strategy<Deployment> = {
  defaults(deployment) {
    const { spec } = deployment
    spec.replicas ??= 1
    spec.revisionHistoryLimit ??= 10
    spec.progressDeadlineSeconds ??= 600
    spec.strategy ??= {}
    spec.strategy.type ??= 'RollingUpdate'
    if (spec.strategy.type === 'RollingUpdate') {
      spec.strategy.rollingUpdate ??= {}
      spec.strategy.rollingUpdate.maxUnavailable ??= '25%'
      spec.strategy.rollingUpdate.maxSurge ??= '25%'
    }
    defaultTemplate(deployment)
  },
  validate(deployment, old, { subresource }) {
    if (subresource !== '') return []
    return [...validateWorkload(deployment, old), ...validateRollout(deployment)]
  },
}

function validateRollout({ spec }: Deployment): FieldError[] {
  const { type, rollingUpdate } = spec.strategy ?? {}
  const path = 'spec.strategy'
  if (type !== 'RollingUpdate' && type !== 'Recreate')
    return [notSupported(path, type, ['Recreate', 'RollingUpdate'])]
  if (type === 'Recreate') {
    return rollingUpdate
      ? [
          {
            type: 'FieldValueForbidden',
            field: `${path}.rollingUpdate`,
            detail: "may not be specified when strategy `type` is 'Recreate'",
          },
        ]
      : []
  }
  const isZero = (value: unknown): boolean => value === 0 || value === '0%' || value === '0'
  if (isZero(rollingUpdate?.maxUnavailable) && isZero(rollingUpdate?.maxSurge)) {
    const detail = 'may not be 0 when `maxSurge` is 0'
    return [invalidValue(`${path}.rollingUpdate.maxUnavailable`, rollingUpdate!.maxUnavailable, detail)]
  }
  return []
}

export const replicaSetStrategy: Strategy<ReplicaSet> = {
  defaults(set) {
    set.spec.replicas ??= 1
    defaultTemplate(set)
  },
  validate: (set, old, { subresource }) => (subresource === '' ? validateWorkload(set, old) : []),
}

/** StatefulSets and DaemonSets: the same template rules with their own defaults. */
export const statefulSetStrategy: Strategy<any> = {
  defaults(set) {
    set.spec.replicas ??= 1
    set.spec.revisionHistoryLimit ??= 10
    set.spec.podManagementPolicy ??= 'OrderedReady'
    set.spec.updateStrategy ??= {}
    set.spec.updateStrategy.type ??= 'RollingUpdate'
    if (set.spec.updateStrategy.type === 'RollingUpdate') {
      set.spec.updateStrategy.rollingUpdate = { partition: 0, ...set.spec.updateStrategy.rollingUpdate }
    }
    set.spec.persistentVolumeClaimRetentionPolicy ??= { whenDeleted: 'Retain', whenScaled: 'Retain' }
    for (const claim of set.spec.volumeClaimTemplates ?? []) {
      claim.apiVersion ??= 'v1'
      claim.kind ??= 'PersistentVolumeClaim'
      claim.spec.volumeMode ??= 'Filesystem'
      claim.status = { phase: 'Pending' }
    }
    defaultTemplate(set)
  },
  validate: (set, old, { subresource }) => (subresource === '' ? validateWorkload(set, old) : []),
}

export const daemonSetStrategy: Strategy<any> = {
  defaults(set) {
    set.spec.revisionHistoryLimit ??= 10
    set.spec.updateStrategy ??= {}
    set.spec.updateStrategy.type ??= 'RollingUpdate'
    if (set.spec.updateStrategy.type === 'RollingUpdate') {
      const { maxUnavailable = 1, maxSurge = 0 } = set.spec.updateStrategy.rollingUpdate ?? {}
      set.spec.updateStrategy.rollingUpdate = { maxUnavailable, maxSurge }
    }
    defaultTemplate(set)
  },
  validate: (set, old, { subresource }) => (subresource === '' ? validateWorkload(set, old) : []),
}

export const jobStrategy: Strategy<any> = {
  defaults(job) {
    const { spec } = job
    spec.parallelism ??= 1
    spec.completions ??= 1
    spec.backoffLimit ??= 6
    spec.completionMode ??= 'NonIndexed'
    spec.suspend ??= false
    defaultTemplate(job)
  },
  validate(job, _old, { subresource }) {
    if (subresource !== '') return []
    return validateTemplate(job.spec.template, undefined, ['OnFailure', 'Never'])
  },
}
