import type { Column } from '../kind.ts'
import { AGE, column, NAME } from './common.ts'

const UNSET = '<unset>'

export const webhookColumns: readonly Column<any>[] = [
  NAME,
  column('Webhooks', ({ webhooks }) => (webhooks ?? []).length, 'integer'),
  AGE,
]

export const admissionPolicyColumns: readonly Column<any>[] = [
  NAME,
  column('Validations', ({ spec }) => (spec.validations ?? []).length, 'integer'),
  column('ParamKind', ({ spec: { paramKind } }) =>
    paramKind ? `${paramKind.apiVersion}/${paramKind.kind}` : UNSET,
  ),
  AGE,
]

interface Requirement {
  key: string
  operator: string
  values?: string[]
}

/** Upstream shows this selector as its Go type prints itself. */
function selectorText({ matchLabels = {}, matchExpressions = [] }: any): string {
  const labels = Object.entries(matchLabels)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([key, value]) => `${key}: ${value},`)
  const expressions = matchExpressions.map(
    ({ key, operator, values = [] }: Requirement) =>
      `LabelSelectorRequirement{Key:${key},Operator:${operator},Values:[${values.join(' ')}],},`,
  )
  return `&LabelSelector{MatchLabels:map[string]string{${labels.join('')}},MatchExpressions:[]LabelSelectorRequirement{${expressions.join('')}},}`
}

function parameter({ spec: { paramRef } }: any): string {
  if (paramRef?.name) return `${paramRef.namespace || '*'}/${paramRef.name}`
  return paramRef?.selector ? selectorText(paramRef.selector) : UNSET
}

export const admissionPolicyBindingColumns: readonly Column<any>[] = [
  NAME,
  column('PolicyName', '.spec.policyName'),
  column('ParamRef', parameter),
  AGE,
]
