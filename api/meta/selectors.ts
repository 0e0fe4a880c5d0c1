import type { LabelSelector as LabelSelectorObject } from 'kubernetes-types/meta/v1.js'
import { type Requirement, readRequirements } from './selector-text.ts'
import { badRequest } from './status.ts'

/** A compiled label selector. */
export interface Selector {
  matches(labels: Record<string, string> | undefined): boolean
  readonly requirements: readonly Requirement[]
  toString(): string
}

/** Matches every object. */
export const EVERYTHING: Selector = compile([])

/** Matches no object: what a missing LabelSelector means. */
export const NOTHING: Selector = { matches: () => false, requirements: [], toString: () => '' }

function compile(requirements: readonly Requirement[]): Selector {
  const tests = requirements.map(compileRequirement)
  return {
    requirements,
    matches: (labels = {}) => tests.every(test => test(labels)),
    toString: () => requirements.map(formatRequirement).join(','),
  }
}

function compileRequirement({
  key,
  operator,
  values,
}: Requirement): (labels: Record<string, string>) => boolean {
  const has = (labels: Record<string, string>): boolean => Object.hasOwn(labels, key)
  const wanted = new Set(values)
  const bound = Number(values[0])
  switch (operator) {
    case '=':
    case 'in':
      return labels => has(labels) && wanted.has(labels[key]!)
    case 'notin':
      return labels => !has(labels) || !wanted.has(labels[key]!)
    case 'exists':
      return has
    case '!':
      return labels => !has(labels)
    case 'gt':
      return labels => has(labels) && Number(labels[key]) > bound
    case 'lt':
      return labels => has(labels) && Number(labels[key]) < bound
  }
}

function formatRequirement({ key, operator, values }: Requirement): string {
  const list = `(${[...values].sort().join(',')})`
  if (operator === '=') return `${key}=${values[0]}`
  if (operator === 'in') return `${key} in ${list}`
  if (operator === 'notin') return values.length === 1 ? `${key}!=${values[0]}` : `${key} notin ${list}`
  if (operator === 'exists') return key
  if (operator === '!') return `!${key}`
  return `${key}${operator === 'gt' ? '>' : '<'}${values[0]}`
}

/**
 * Parses the text form of a label selector: `a=b,c!=d,e in (f,g),h notin (i),j,!k,l>5`.
 * @throws StatusError 400 that says what was found and what was expected.
 */
export const parseLabelSelector = (text: string): Selector => compile(readRequirements(text))

const OPERATORS = { In: 'in', NotIn: 'notin', Exists: 'exists', DoesNotExist: '!' } as const

/** Compiles a LabelSelector object. An empty one matches everything, a missing one nothing. */
export function labelSelector(selector: LabelSelectorObject | undefined | null): Selector {
  if (!selector) return NOTHING
  const fromLabels = Object.entries(selector.matchLabels ?? {}).map(([key, value]) => ({
    key,
    operator: '=' as const,
    values: [value],
  }))
  const fromExpressions = (selector.matchExpressions ?? []).map(({ key, operator, values = [] }) => ({
    key,
    operator: OPERATORS[operator as keyof typeof OPERATORS],
    values,
  }))
  return compile([...fromLabels, ...fromExpressions])
}

/** Compiles a plain map, as in a Service's `spec.selector`. */
export function selectorFromMap(labels: Record<string, string>): Selector {
  return compile(
    Object.entries(labels).map(([key, value]) => ({ key, operator: '=' as const, values: [value] })),
  )
}

/** One requirement of a field selector. */
export interface FieldRequirement {
  field: string
  operator: '=' | '!='
  value: string
}

/** A compiled field selector. */
export interface FieldSelector {
  readonly requirements: readonly FieldRequirement[]
  /** `read` gives the value of a field, '' where it has none. */
  matches(read: (field: string) => string): boolean
  toString(): string
}

/**
 * Parses `a=b,c!=d`. Backslash escapes `,`, `=` and itself, as in fields.EscapeValue.
 * @throws StatusError 400 on a term without operator.
 */
export function parseFieldSelector(text: string): FieldSelector {
  const requirements = splitTerms(text).map(term => parseTerm(term, text))
  return {
    requirements,
    matches: read =>
      requirements.every(({ field, operator, value }) => (read(field) === value) === (operator === '=')),
    toString: () => requirements.map(({ field, operator, value }) => `${field}${operator}${value}`).join(','),
  }
}

function splitTerms(text: string): string[] {
  return (text.match(/(?:\\.|[^,\\]|\\$)+/g) ?? []).filter(term => term !== '')
}

function parseTerm(term: string, text: string): FieldRequirement {
  const match = /^((?:\\.|[^=!\\]|!(?!=))*)(!=|==|=)(.*)$/s.exec(term)
  if (!match) throw badRequest(`invalid selector: '${text}'; can't understand '${term}'`)
  const [, field = '', operator, value = ''] = match
  return { field, operator: operator === '!=' ? '!=' : '=', value: unescaped(value) }
}

/** @throws StatusError 400 where a backslash stands before anything but `\`, `,` and `=`, or one of these without it */
function unescaped(value: string): string {
  const odd = /^(?:\\[\\,=]|[^\\,=])*(\\.?|[,=])/s.exec(value)
  const [, found = ''] = odd ?? []
  if (found.startsWith('\\') && !/^\\[\\,=]$/.test(found)) {
    throw badRequest(`invalid field selector: invalid escape sequence: ${found}`)
  }
  if (found === ',' || found === '=') {
    throw badRequest(`invalid field selector: unescaped character in value: ${found.codePointAt(0)}`)
  }
  return value.replace(/\\(.)/gs, '$1')
}
