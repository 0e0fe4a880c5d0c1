import { badRequest, goQuote, type StatusError } from './status.ts'
import { isQualifiedName, isValidLabelValue } from './validation.ts'

/** One requirement of a label selector. */
export interface Requirement {
  key: string
  operator: 'in' | 'notin' | 'exists' | '!' | '=' | 'gt' | 'lt'
  values: readonly string[]
}

const OPERATORS: Record<string, Requirement['operator'] | undefined> = {
  '=': '=',
  '==': '=',
  '!=': 'notin',
  '>': 'gt',
  '<': 'lt',
  in: 'in',
  notin: 'notin',
}
const TOKEN = /\s*(==|!=|=|!|>|<|,|\(|\)|[^\s=!<>,()]+)/y
const SPECIAL = /^[=!<>,()]/

/** @throws StatusError 400 that says what was found and what was expected, in upstream's words */
export function readRequirements(text: string): Requirement[] {
  const tokens = new Tokens(text)
  const requirements: Requirement[] = []
  while (tokens.peek() !== '') {
    if (!isIdentifier(tokens.peek()) && tokens.peek() !== '!') {
      throw badRequest(`found '${tokens.peek()}', expected: !, identifier, or 'end of string'`)
    }
    requirements.push(readRequirement(tokens))
    const separator = tokens.next()
    if (separator === '') break
    if (separator !== ',') throw badRequest(`found '${separator}', expected: ',' or 'end of string'`)
    if (!isIdentifier(tokens.peek()) && tokens.peek() !== '!') {
      throw badRequest(`found '${tokens.peek()}', expected: identifier after ','`)
    }
  }
  return requirements
}

const isIdentifier = (token: string): boolean => token !== '' && !SPECIAL.test(token)

class Tokens {
  readonly #tokens: string[] = []
  #at = 0

  constructor(text: string) {
    TOKEN.lastIndex = 0
    for (let match = TOKEN.exec(text); match; match = TOKEN.exec(text)) this.#tokens.push(match[1]!)
  }

  /** '' at the end. */
  peek(): string {
    return this.#tokens[this.#at] ?? ''
  }

  next(): string {
    return this.#tokens[this.#at++] ?? ''
  }
}

function readRequirement(tokens: Tokens): Requirement {
  const isNegated = tokens.peek() === '!'
  if (isNegated) tokens.next()
  const key = tokens.next()
  if (!isIdentifier(key)) throw unparsed(`found '${key}', expected: identifier`)
  checkKey(key)
  if (isNegated) return { key, operator: '!', values: [] }
  if (tokens.peek() === '' || tokens.peek() === ',') return { key, operator: 'exists', values: [] }
  const sign = tokens.next()
  const operator = OPERATORS[sign]
  if (!operator) throw unparsed(`found '${sign}', expected: in, notin, =, ==, !=, gt, lt`)
  const isSet = sign === 'in' || sign === 'notin'
  const values = isSet ? [...new Set(readValues(tokens))].sort() : [readValue(tokens)]
  checkValues(key, operator, values)
  return { key, operator, values }
}

function readValue(tokens: Tokens): string {
  if (tokens.peek() === '' || tokens.peek() === ',') return ''
  const value = tokens.next()
  if (!isIdentifier(value)) throw unparsed(`found '${value}', expected: identifier`)
  return value
}

/** What stands between parentheses; a place left empty is the empty value. */
function readValues(tokens: Tokens): string[] {
  const open = tokens.next()
  if (open !== '(') throw unparsed(`found '${open}' expected: '('`)
  const first = tokens.peek()
  if (first !== ')' && first !== ',' && !isIdentifier(first)) {
    throw unparsed(`found '${first}', expected: ',', ')' or identifier`)
  }
  const values: string[] = []
  for (;;) {
    const token = tokens.peek()
    if (isIdentifier(token)) values.push(tokens.next())
    else if (token === ',' || token === ')') values.push('')
    else throw unparsed(`found '${token}', expected: ',', or identifier`)
    const end = tokens.next()
    if (end === ')') return values
    if (end !== ',') throw unparsed(`found '${end}', expected: ',' or ')'`)
  }
}

function checkKey(key: string): void {
  const faults = isQualifiedName(key)
  if (faults.length > 0) throw unparsed(`<nil>: Invalid value: ${goQuote(key)}: ${faults.join('; ')}`)
}

function checkValues(key: string, operator: Requirement['operator'], values: readonly string[]): void {
  const faults = values.flatMap((value, i) => {
    const wrong = isValidLabelValue(value)
    const isNumber = /^[+-]?\d+$/.test(value)
    const needsNumber = operator === 'gt' || operator === 'lt'
    return [
      ...(needsNumber && !isNumber
        ? [
            `values[${i}]: Invalid value: ${goQuote(value)}: for 'Gt', 'Lt' operators, the value must be an integer`,
          ]
        : []),
      ...(wrong.length > 0
        ? [`values[${i}][${key}]: Invalid value: ${goQuote(value)}: ${wrong.join('; ')}`]
        : []),
    ]
  })
  if (faults.length > 0) throw unparsed(faults.length === 1 ? faults[0]! : `[${faults.join(', ')}]`)
}

const unparsed = (detail: string): StatusError => badRequest(`unable to parse requirement: ${detail}`)
