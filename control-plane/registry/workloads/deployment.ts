import type { Deployment } from '../../../api/kinds/types.ts'
import {
  type FieldError,
  forbiddenField,
  invalidValue,
  notSupported,
  required,
} from '../../../api/meta/status.ts'
import { fillTemplate, templateUseFaults, validateTemplate } from '../pod/template.ts'
import { collect, FINE, fields, nonNegative, unchanged } from '../rules/check.ts'
import { amount, countOrPercent, noMoreThanAll } from '../rules/values.ts'
import type { Strategy } from '../strategy.ts'
import { selectorFaults } from './selector.ts'

export const deploymentStrategy: Strategy<Deployment> = {
  defaults({ spec }) {
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
    fillTemplate(spec)
  },
  validate(deployment, old, { subresource }) {
    if (subresource !== '') return []
    const { spec } = deployment
    return collect(
      replicas(spec, 'spec'),
      selectorFaults(spec.selector, spec.template, {
        empty: 'empty selector is invalid for deployment',
        broken: 'invalid label selector',
      }),
      validateTemplate(spec.template, 'spec.template'),
      templateUseFaults(spec.template, 'spec.template', 'ReplicaSet'),
      strategyFaults(spec.strategy ?? {}, 'spec.strategy'),
      limits(spec, 'spec'),
      deadlineFaults(spec),
      old && unchanged('spec.selector', spec.selector, old.spec.selector),
    )
  },
}

const replicas = fields({ replicas: nonNegative })
const limits = fields({
  minReadySeconds: nonNegative,
  revisionHistoryLimit: nonNegative,
  progressDeadlineSeconds: nonNegative,
})

function deadlineFaults({
  progressDeadlineSeconds,
  minReadySeconds = 0,
}: Deployment['spec']): readonly FieldError[] {
  if (progressDeadlineSeconds === undefined || progressDeadlineSeconds > minReadySeconds) return FINE
  const at = 'spec.progressDeadlineSeconds'
  return [invalidValue(at, progressDeadlineSeconds, 'must be greater than minReadySeconds')]
}

const rolling = fields({ maxUnavailable: countOrPercent, maxSurge: countOrPercent })

function strategyFaults(
  strategy: NonNullable<Deployment['spec']['strategy']>,
  path: string,
): readonly FieldError[] {
  const { type, rollingUpdate } = strategy
  const at = `${path}.rollingUpdate`
  if (type === 'Recreate') {
    const detail = "may not be specified when strategy `type` is 'Recreate'"
    return rollingUpdate ? [forbiddenField(at, detail)] : FINE
  }
  if (type !== 'RollingUpdate') return [notSupported(path, strategy, ['Recreate', 'RollingUpdate'])]
  if (!rollingUpdate) return [required(at, 'this should be defaulted and never be nil')]
  const { maxUnavailable, maxSurge } = rollingUpdate
  const isStuck = amount(maxUnavailable) === 0 && amount(maxSurge) === 0
  return collect(
    rolling(rollingUpdate, at),
    isStuck && [invalidValue(`${at}.maxUnavailable`, maxUnavailable, 'may not be 0 when `maxSurge` is 0')],
    maxUnavailable !== undefined && noMoreThanAll(maxUnavailable, `${at}.maxUnavailable`),
  )
}
