import type { ReplicaSet, ReplicationController } from '../../../api/kinds/types.ts'
import { type FieldError, invalidValue, required } from '../../../api/meta/status.ts'
import {
  defaultTemplate,
  fillTemplate,
  selectorMatchFaults,
  templateUseFaults,
  validateTemplate,
} from '../pod/template.ts'
import { collect, fields, nonNegative, unchanged } from '../rules/check.ts'
import type { Strategy } from '../strategy.ts'
import { selectorFaults } from './selector.ts'

const numbers = fields({ replicas: nonNegative, minReadySeconds: nonNegative })

export const replicaSetStrategy: Strategy<ReplicaSet> = {
  defaults({ spec }) {
    spec.replicas ??= 1
    fillTemplate(spec)
  },
  validate({ spec, status }, old, { subresource }) {
    if (subresource === 'status') return replicaStatusFaults(status ?? {})
    if (subresource !== '') return []
    return collect(
      numbers(spec, 'spec'),
      selectorFaults(spec.selector, spec.template, {
        empty: 'empty selector is invalid for deployment',
        broken: 'invalid label selector',
      }),
      validateTemplate(spec.template, 'spec.template'),
      templateUseFaults(spec.template, 'spec.template', 'ReplicaSet'),
      old && unchanged('spec.selector', spec.selector, old.spec.selector),
    )
  },
}

export const replicationControllerStrategy: Strategy<ReplicationController> = {
  dependents: 'orphaned',
  defaults({ metadata, spec }) {
    const labels = spec.template?.metadata?.labels
    if (labels) {
      if (Object.keys(spec.selector ?? {}).length === 0) spec.selector = { ...labels }
      if (Object.keys(metadata.labels ?? {}).length === 0) metadata.labels = { ...labels }
    }
    spec.replicas ??= 1
    defaultTemplate(spec.template)
  },
  validate({ spec, status }, _old, { subresource }) {
    if (subresource === 'status') return replicaStatusFaults(status ?? {})
    if (subresource !== '') return []
    const { selector, template } = spec
    const hasSelector = Object.keys(selector ?? {}).length > 0
    return collect(
      fields({ minReadySeconds: nonNegative })(spec, 'spec'),
      !hasSelector && [required('spec.selector', '')],
      fields({ replicas: nonNegative })(spec, 'spec'),
      !template && [required('spec.template', '')],
      hasSelector && template && selectorMatchFaults({ matchLabels: selector }, template, 'spec.template'),
      template && validateTemplate(template, 'spec.template'),
      template && templateUseFaults(template, 'spec.template', 'ReplicationController'),
    )
  },
}

const COUNTS = ['replicas', 'fullyLabeledReplicas', 'readyReplicas', 'availableReplicas'] as const
const counts = fields(Object.fromEntries([...COUNTS, 'observedGeneration'].map(name => [name, nonNegative])))

/** No more of the replicas can be ready than there are. */
export function replicaStatusFaults(status: Record<string, any>): readonly FieldError[] {
  const { replicas = 0, readyReplicas = 0, availableReplicas = 0 } = status
  const above = (name: string): readonly FieldError[] =>
    (status[name] ?? 0) > replicas
      ? [invalidValue(`status.${name}`, status[name], 'cannot be greater than status.replicas')]
      : []
  return collect(
    counts(status, 'status'),
    ...COUNTS.slice(1).map(above),
    availableReplicas > readyReplicas && [
      invalidValue('status.availableReplicas', availableReplicas, 'cannot be greater than readyReplicas'),
    ],
  )
}
