import { isDeepStrictEqual } from 'node:util'
import { type FieldError, invalidValue, notSupported, required } from '../../../api/meta/status.ts'
import { fillTemplate, templateUseFaults, validateTemplate } from '../pod/template.ts'
import { collect, FINE, fields, nonNegative, unchanged } from '../rules/check.ts'
import { amount, countOrPercent, noMoreThanAll } from '../rules/values.ts'
import type { Strategy } from '../strategy.ts'
import { selectorFaults } from './selector.ts'

/** Counts the changes of the template, for clients of before apps/v1. */
const GENERATION = 'deprecated.daemonset.template.generation'

export const daemonSetStrategy: Strategy<any> = {
  defaults({ metadata, spec }) {
    metadata.annotations = { [GENERATION]: '0', ...metadata.annotations }
    spec.revisionHistoryLimit ??= 10
    spec.updateStrategy ??= {}
    spec.updateStrategy.type ||= 'RollingUpdate'
    if (spec.updateStrategy.type === 'RollingUpdate') {
      spec.updateStrategy.rollingUpdate ??= {}
      spec.updateStrategy.rollingUpdate.maxUnavailable ??= 1
      spec.updateStrategy.rollingUpdate.maxSurge ??= 0
    }
    fillTemplate(spec)
  },
  prepareForCreate({ metadata }) {
    metadata.annotations = { ...metadata.annotations, [GENERATION]: '1' }
  },
  prepareForUpdate(set, old, { subresource }) {
    if (subresource !== '') return
    const before = Number(old.metadata.annotations?.[GENERATION] ?? 0)
    const isChanged = !isDeepStrictEqual(set.spec.template, old.spec.template)
    set.metadata.annotations = {
      ...set.metadata.annotations,
      [GENERATION]: String(before + (isChanged ? 1 : 0)),
    }
  },
  validate({ spec }, old, { subresource }) {
    if (subresource !== '') return []
    return collect(
      selectorFaults(spec.selector, spec.template, { empty: 'empty selector is invalid for daemonset' }),
      validateTemplate(spec.template, 'spec.template'),
      templateUseFaults(spec.template, 'spec.template', 'DaemonSet'),
      fields({ minReadySeconds: nonNegative })(spec, 'spec'),
      strategyFaults(spec.updateStrategy, 'spec.updateStrategy'),
      fields({ revisionHistoryLimit: nonNegative })(spec, 'spec'),
      old && unchanged('spec.selector', spec.selector, old.spec.selector),
    )
  },
}

const both = fields({ maxUnavailable: countOrPercent, maxSurge: countOrPercent })
const bounds = fields({ maxUnavailable: noMoreThanAll, maxSurge: noMoreThanAll })

function strategyFaults(strategy: any, path: string): readonly FieldError[] {
  const { type, rollingUpdate } = strategy
  const at = `${path}.rollingUpdate`
  if (type === 'OnDelete') return FINE
  if (type !== 'RollingUpdate') return [notSupported(path, strategy, ['RollingUpdate', 'OnDelete'])]
  if (!rollingUpdate) return [required(at, '')]
  const [gone, more] = [amount(rollingUpdate.maxUnavailable), amount(rollingUpdate.maxSurge)]
  const detail = 'may not be set when maxUnavailable is non-zero'
  return collect(
    both(rollingUpdate, at),
    bounds(rollingUpdate, at),
    gone !== 0 && more !== 0 && [invalidValue(`${at}.maxSurge`, rollingUpdate.maxSurge, detail)],
    gone === 0 && more === 0 && [required(`${at}.maxUnavailable`, 'cannot be 0 when maxSurge is 0')],
  )
}
