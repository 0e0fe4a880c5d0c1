import type { Node } from '../../api/kinds/types.ts'

interface Requirement {
  key: string
  operator: string
  values?: string[]
}

interface Term {
  matchExpressions?: Requirement[]
  matchFields?: Requirement[]
}

/** True when a node meets one of a node selector's terms. An empty term meets nothing. */
export const matchesTerms = (node: Node, terms: Term[]): boolean =>
  terms.some(term => matchesTerm(node, term))

export function matchesTerm(node: Node, { matchExpressions = [], matchFields = [] }: Term): boolean {
  if (matchExpressions.length + matchFields.length === 0) return false
  const labels = node.metadata.labels ?? {}
  const fields: Record<string, string> = { 'metadata.name': node.metadata.name }
  return (
    matchExpressions.every(wanted => meets(labels, wanted)) &&
    matchFields.every(wanted => meets(fields, wanted))
  )
}

function meets(values: Record<string, string>, { key, operator, values: wanted = [] }: Requirement): boolean {
  const value = values[key]
  switch (operator) {
    case 'In':
      return value !== undefined && wanted.includes(value)
    case 'NotIn':
      return value === undefined || !wanted.includes(value)
    case 'Exists':
      return value !== undefined
    case 'DoesNotExist':
      return value === undefined
    case 'Gt':
      return Number(value) > Number(wanted[0])
    case 'Lt':
      return Number(value) < Number(wanted[0])
    default:
      return false
  }
}
