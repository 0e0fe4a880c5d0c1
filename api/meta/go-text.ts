import { isNumber, isWhole } from './json.ts'
import { isMap } from './patch/own.ts'

/** A JSON value as Go prints it (`%v`). */
export function goText(value: unknown): string {
  if (value === null || value === undefined) return '<nil>'
  if (Array.isArray(value)) return `[${value.map(goText).join(' ')}]`
  if (!isMap(value)) return String(value)
  const members = Object.keys(value).sort()
  return `map[${members.map(key => `${key}:${goText(value[key])}`).join(' ')}]`
}

/** The type that Go gives a JSON value. */
export function goType(value: unknown): string {
  if (value === null || value === undefined) return '<nil>'
  if (Array.isArray(value)) return '[]interface {}'
  if (isMap(value)) return 'map[string]interface {}'
  if (isNumber(value)) return isWhole(value) ? 'int64' : 'float64'
  return typeof value === 'boolean' ? 'bool' : 'string'
}
