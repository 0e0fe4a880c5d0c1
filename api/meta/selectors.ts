import type { LabelSelector as LabelSelectorObject } from 'kubernetes-types/meta/v1.js'
import { badRequest } from './status.ts'

/** One requirement of a label selector. */
export interface Requirement {
  key: string
  operator: 'in' | 'notin' | 'exists' | '!' | '=' | 'gt' | 'lt'
  values: readonly string[]
}

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

const TOKEN = /\s*(==|=|!=|!|>|<|,|\(|\)|[^\s=!<>,()]+)/y

function tokenize(text: string): string[] {
  const tokens: string[] = []
  TOKEN.lastIndex = 0
  const end = text.trimEnd().length
  while (TOKEN.lastIndex < end) {
    const match = TOKEN.exec(text)
    if (!match) break
    tokens.push(match[1]!)
  }
  return tokens
}

/**
 * Parses the text form of a label selector: `a=b,c!=d,e in (f,g),h notin (i),j,!k,l>5`.
 * @throws StatusError 400 that says what was found and what was expected.
 */
export function parseLabelSelector(text: string): Selector {
  const tokens = tokenize(text)
  if (tokens.length === 0) return EVERYTHING
  const requirements: Requirement[] = []
  let at = 0
  const next = (): string => tokens[at++] ?? ''
  while (at < tokens.length) {
    requirements.push(parseRequirement(next, () => tokens[at]))
    const separator = next()
    if (separator === '') break
    if (separator !== ',') throw parseError(`found '${separator}', expected: ',' or 'end of string'`)
    if (at >= tokens.length) throw parseError(`found '', expected: identifier after ','`)
  }
  return compile(requirements)
}

function parseRequirement(next: () => string, peek: () => string | undefined): Requirement {
  const first = next()
  if (first === '!') return { key: identifier(next()), operator: '!', values: [] }
  const key = identifier(first)
  const operator = peek()
  if (operator === undefined || operator === ',') return { key, operator: 'exists', values: [] }
  next()
  if (operator === 'in' || operator === 'notin') return { key, operator, values: parseValues(next) }
  const value = peek() === undefined || peek() === ',' ? '' : next()
  if (operator === '=' || operator === '==') return { key, operator: '=', values: [value] }
  if (operator === '!=') return { key, operator: 'notin', values: [value] }
  if (operator === '>' || operator === '<') {
    if (!/^-?\d+$/.test(value)) throw parseError(`for 'Gt', 'Lt' operators, the value must be an integer`)
    return { key, operator: operator === '>' ? 'gt' : 'lt', values: [value] }
  }
  throw parseError(`found '${operator}', expected: in, notin, =, ==, !=, gt, lt`)
}

function parseValues(next: () => string): string[] {
  const open = next()
  if (open !== '(') throw parseError(`found '${open}' expected: '('`)
  const values: string[] = []
  let expectValue = true
  while (true) {
    const token = next()
    if (token === '') throw parseError(`found '', expected: ',', ')' or identifier`)
    if (token === ')') {
      if (expectValue) values.push('')
      return values
    }
    if (token === ',') {
      if (expectValue) values.push('')
      expectValue = true
    } else {
      values.push(token)
      expectValue = false
    }
  }
}

const NAME = /^([A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?)$/

function identifier(token: string): string {
  const slash = token.indexOf('/')
  const name = token.slice(slash + 1)
  if (!NAME.test(name) || name.length > 63)
    throw parseError(`found '${token}', expected: !, identifier, or 'end of string'`)
  return token
}

const parseError = (detail: string): Error => badRequest(`unable to parse requirement: ${detail}`)

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
  return (text.match(/(?:\\.|[^,\\])+/g) ?? []).filter(term => term.trim() !== '')
}

function parseTerm(term: string, text: string): FieldRequirement {
  const match = /^((?:\\.|[^=!\\])+)(!=|==|=)((?:\\.|[^\\])*)$/.exec(term)
  if (!match) throw badRequest(`invalid selector: '${text}'; can't understand '${term}'`)
  const [, field = '', operator, value = ''] = match
  return {
    field: field.trim(),
    operator: operator === '!=' ? '!=' : '=',
    value: value.replace(/\\(.)/g, '$1'),
  }
}
