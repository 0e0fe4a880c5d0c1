import { parseJson } from '../json.ts'
import { isMap } from '../patch/own.ts'
import { type FieldSet, LEAF, makeNode, SELF } from './field-set.ts'

/** FieldsV1 that cannot be read. */
export class FieldSetError extends Error {
  readonly code = 'ERR_FIELD_SET'
}

/** Deeper than any object's fields: guards the stack. */
const DEEPEST = 200

/**
 * Reads FieldsV1 that a client gave: elements come into canonical form (keys sorted, no white space), so that equal paths
 * are equal texts.
 * @throws FieldSetError
 */
export function decodeFieldSet(value: unknown): FieldSet {
  if (value === undefined || value === null) return LEAF
  return decodeNode(value, 0, false) ?? LEAF
}

function decodeNode(value: unknown, depth: number, isInner: boolean): FieldSet | undefined {
  if (!isMap(value)) throw new FieldSetError(`expected an object in fieldsV1, got ${JSON.stringify(value)}`)
  if (depth > DEEPEST) throw new FieldSetError('fieldsV1 is nested too deeply')
  const children: Record<string, FieldSet> = {}
  let isMember = isInner && Object.keys(value).length === 0
  for (const [element, child] of Object.entries(value)) {
    if (element === SELF) {
      isMember = isInner
      continue
    }
    const node = decodeNode(child, depth + 1, true)
    if (node) children[canonicalElement(element)] = node
  }
  return makeNode(children, isMember)
}

function canonicalElement(element: string): string {
  const [kind, text] = [element.slice(0, 2), element.slice(2)]
  if (kind === 'f:') return element
  if (kind === 'i:' && /^-?\d{1,15}$/.test(text)) return `i:${Number(text)}`
  if (kind === 'v:') return `v:${JSON.stringify(parse(element, text))}`
  if (kind !== 'k:') throw new FieldSetError(`unknown path element in fieldsV1: ${JSON.stringify(element)}`)
  const keys = parse(element, text)
  if (!isMap(keys)) throw new FieldSetError(`keys are no object in fieldsV1: ${JSON.stringify(element)}`)
  return keyElement(keys)
}

function parse(element: string, text: string): unknown {
  try {
    return parseJson(text)
  } catch (cause) {
    throw new FieldSetError(`cannot read path element in fieldsV1: ${JSON.stringify(element)}`, { cause })
  }
}

/** The path element of a list's item with these keys. */
export function keyElement(keys: Record<string, unknown>): string {
  const names = Object.keys(keys).sort()
  return `k:{${names.map(name => `${JSON.stringify(name)}:${JSON.stringify(keys[name])}`).join(',')}}`
}
