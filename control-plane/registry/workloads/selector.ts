import type { PodTemplateSpec } from '../../../api/kinds/types.ts'
import { type FieldError, invalidValue, required } from '../../../api/meta/status.ts'
import { selectorMatchFaults } from '../pod/template.ts'
import { collect } from '../rules/check.ts'
import { labelSelector } from '../rules/labels.ts'

interface Selector {
  matchLabels?: object
  matchExpressions?: object[]
}

interface Options {
  /** How upstream says that a selector selects everything. */
  empty: string
  /** What upstream adds to a selector that cannot be compiled. */
  broken?: string
}

/** A workload's selector: there, sound, not empty, and of its own template. */
export function selectorFaults(
  selector: Selector | undefined,
  template: PodTemplateSpec | undefined,
  { empty, broken }: Options,
): readonly FieldError[] {
  if (!selector) return [required('spec.selector', '')]
  const faults = labelSelector(selector, 'spec.selector')
  const size = Object.keys(selector.matchLabels ?? {}).length + (selector.matchExpressions ?? []).length
  const isBroken = faults.length > 0 && broken !== undefined
  return collect(
    faults,
    size === 0 && [invalidValue('spec.selector', selector, empty)],
    isBroken
      ? [invalidValue('spec.selector', selector, broken)]
      : faults.length === 0 && size > 0 && selectorMatchFaults(selector, template, 'spec.template'),
  )
}
