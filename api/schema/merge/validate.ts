import { isNumber } from '../../meta/json.ts'
import { elementText } from '../../meta/managed-fields/path-text.ts'
import { isMap } from '../../meta/patch/own.ts'
import { itemElement } from './list-items.ts'
import {
  type AtomicType,
  fieldOf,
  type KeyedType,
  type MapType,
  MergeError,
  type MergeType,
  type ScalarType,
  type SetType,
} from './merge-type.ts'

/**
 * What is wrong with a configuration to be applied: undeclared fields, wrong types, items that cannot be told apart. Each
 * fault begins with its path, in upstream's words.
 */
export function validateConfiguration(type: MergeType, value: unknown, path = ''): string[] {
  if (value === null || value === undefined) return []
  switch (type.kind) {
    case 'deduced':
      return []
    case 'scalar':
      return validateScalar(type, value, path)
    case 'atomic':
      return validateAtomic(type, value, path)
    case 'map':
      return validateMap(type, value, path)
    default:
      return validateList(type, value, path)
  }
}

const fault = (path: string, text: string): string[] => [`${path}: ${text}`]

/** A value as Go prints it in these messages. */
function shown(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(shown).join(' ')}]`
  if (isMap(value)) {
    const keys = Object.keys(value).sort()
    return `map[${keys.map(key => `${key}:${shown(value[key])}`).join(' ')}]`
  }
  return String(value)
}

const wrapped = (value: unknown): string => `&value.valueUnstructured{Value:${goSyntax(value)}}`

function goSyntax(value: unknown): string {
  if (Array.isArray(value)) return `[]interface {}{${value.map(goSyntax).join(', ')}}`
  if (!isMap(value)) return typeof value === 'string' ? JSON.stringify(value) : String(value)
  const members = Object.keys(value)
    .sort()
    .map(key => `${JSON.stringify(key)}:${goSyntax(value[key])}`)
  return `map[string]interface {}{${members.join(', ')}}`
}

function goType(value: unknown): string {
  if (Array.isArray(value)) return '[]interface {}'
  if (isMap(value)) return 'map[string]interface {}'
  return typeof value === 'boolean' ? 'bool' : typeof value
}

function validateScalar({ of }: ScalarType, value: unknown, path: string): string[] {
  if (of === 'number' && !isNumber(value)) {
    return fault(path, `expected numeric (int or float), got ${goType(value)}`)
  }
  if (of === 'string' && typeof value !== 'string')
    return fault(path, `expected string, got ${wrapped(value)}`)
  if (of === 'boolean' && typeof value !== 'boolean') {
    return fault(path, `expected boolean, got &{${shown(value)}}`)
  }
  return typeof value === 'object' ? fault(path, `expected any scalar, got &{${shown(value)}}`) : []
}

function validateAtomic(type: AtomicType, value: unknown, path: string): string[] {
  const { of, inner } = type
  if (of === 'any') return []
  if (of === 'map') return inner ? validateConfiguration(inner, value, path) : []
  if (!Array.isArray(value)) return fault(path, `expected list, got &{${shown(value)}}`)
  return inner ? value.flatMap((item, i) => validateConfiguration(inner, item, `${path}[${i}]`)) : []
}

function validateMap(type: MapType, value: unknown, path: string): string[] {
  if (!isMap(value)) return fault(path, `expected map, got &{${shown(value)}}`)
  return Object.keys(value).flatMap(key => {
    const field = fieldOf(type, key)
    const inside = `${path}.${key}`
    return field
      ? validateConfiguration(field.type, value[key], inside)
      : fault(inside, 'field not declared in schema')
  })
}

function validateList(type: KeyedType | SetType, value: unknown, path: string): string[] {
  if (!Array.isArray(value)) return fault(path, `expected list, got &{${shown(value)}}`)
  const seen = new Set<string>()
  return value.flatMap((item, i) => {
    let element: string
    try {
      element = itemElement(type, item)
    } catch (error) {
      if (error instanceof MergeError) return fault(path, `element ${i}: ${error.message}`)
      throw error
    }
    const isDouble = seen.has(element)
    seen.add(element)
    const inside =
      type.kind === 'keyed' ? validateConfiguration(type.element, item, path + elementText(element)) : []
    return isDouble
      ? [...fault(path, `duplicate entries for key ${elementText(element)}`), ...inside]
      : inside
  })
}

/** Several faults as upstream puts them together. */
export const faultText = (faults: readonly string[]): string =>
  faults.length === 1 ? faults[0]! : ['errors:', ...faults.map(text => `  ${text}`)].join('\n')
