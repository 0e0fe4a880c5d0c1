import { isWhole } from '../../meta/json.ts'
import type { FieldError } from '../../meta/status.ts'

/** What is wrong with a value at a path, in the words of upstream's OpenAPI validator. */
const fault = (path: string, badValue: unknown, text: string): FieldError => ({
  type: 'FieldValueInvalid',
  field: path || '<nil>',
  badValue,
  detail: `${path} in body ${text}`,
})

/** JSON Schema's name of a value's type. */
export function typeOf(value: unknown): string {
  if (value === null) return 'null'
  if (Array.isArray(value)) return 'array'
  if (isWhole(value)) return 'integer'
  return typeof value
}

export const wrongType = (path: string, wanted: string, value: unknown): FieldError => ({
  ...fault(path, typeOf(value), `must be of type ${wanted}: ${JSON.stringify(typeOf(value))}`),
  type: 'FieldValueTypeInvalid',
})

export const wrongFormat = (path: string, format: string, value: string): FieldError => ({
  ...fault(path, value, `must be of type ${format}: ${JSON.stringify(value)}`),
  type: 'FieldValueTypeInvalid',
})

export const belowMinimum = (
  path: string,
  value: number | bigint,
  minimum: number,
  isExclusive: boolean,
): FieldError => fault(path, value, `should be greater than ${isExclusive ? '' : 'or equal to '}${minimum}`)

export const aboveMaximum = (
  path: string,
  value: number | bigint,
  maximum: number,
  isExclusive: boolean,
): FieldError => fault(path, value, `should be less than ${isExclusive ? '' : 'or equal to '}${maximum}`)

export const noMultiple = (path: string, value: number | bigint, of: number): FieldError =>
  fault(path, value, `should be a multiple of ${of}`)

export const tooShort = (path: string, value: string, least: number): FieldError =>
  fault(path, value, `should be at least ${least} chars long`)

export const noMatch = (path: string, value: string, pattern: string): FieldError =>
  fault(path, value, `should match '${pattern}'`)

export const tooFewItems = (path: string, count: number, least: number): FieldError =>
  fault(path, count, `should have at least ${least} items`)

export const tooFewProperties = (path: string, count: number, least: number): FieldError =>
  fault(path, count, `should have at least ${least} properties`)

/** Unlike `notSupported` this keeps the order of the schema. */
export const notInEnum = (path: string, value: unknown, allowed: readonly unknown[]): FieldError => {
  const texts = allowed.map(item => JSON.stringify(typeof item === 'string' ? item : JSON.stringify(item)))
  const detail = `supported values: ${texts.join(', ')}`
  return { type: 'FieldValueNotSupported', field: path || '<nil>', badValue: value, detail }
}

/** What is wrong with a value as a whole stands at no field. */
const composite = (detail: string): FieldError => ({
  type: 'FieldValueInvalid',
  field: '<nil>',
  badValue: '',
  detail,
})

export const noneOfAny = (path: string): FieldError =>
  composite(`"${path}" must validate at least one schema (anyOf)`)

export const notOne = (path: string, count: number): FieldError => {
  const found = count === 0 ? 'Found none valid' : `Found ${count} valid alternatives`
  return composite(`"${path}" must validate one and only one schema (oneOf). ${found}`)
}

export const notAll = (path: string, count: number): FieldError =>
  composite(`"${path}" must validate all the schemas (allOf)${count === 0 ? '. None validated' : ''}`)

export const notNot = (path: string): FieldError => composite(`"${path}" must not validate the schema (not)`)
