import { isMap, isSame } from '../../meta/patch/own.ts'
import { itemElement } from './list-items.ts'
import {
  deduce,
  type Field,
  fieldOf,
  type KeyedType,
  type MapType,
  type MergeType,
  type SetType,
} from './merge-type.ts'

type Json = Record<string, unknown>

const LEAF = '{}'
const SELF = '".":{}'

/**
 * The text of what `compareValues` tells as changed from nothing to an object: all that its creator owns, '' where that is
 * nothing. Most objects are created and never looked at in this respect, so the text is all that is made. Objects of one
 * `template` have the same spec.
 * @throws MergeError where items of a list cannot be told apart
 */
export function createdText(type: MapType, object: object, template?: object): string {
  let text = ''
  for (const key in object) {
    const member = (object as Json)[key]
    const inside = key === 'spec' ? specText(type, member, template) : memberText(type, key, member)
    if (inside !== '') text += text === '' ? inside : `,${inside}`
  }
  return wrap(text, '')
}

/** What was told of specs, by the template they are of. */
const specs = new WeakMap<MapType, WeakMap<object, string>>()

function specText(type: MapType, spec: unknown, template: object | undefined): string {
  if (!template) return memberText(type, 'spec', spec)
  const known = specs.get(type) ?? new WeakMap<object, string>()
  specs.set(type, known)
  let text = known.get(template)
  if (text === undefined) {
    text = memberText(type, 'spec', spec)
    known.set(template, text)
  }
  return text
}

/** Members of a map behind what comes first: where that is the map itself, all of it is new. */
function mapText(type: MapType, value: Json, first: string): string {
  let text = first
  const textOf = first === SELF ? newText : fieldText
  for (const key in value) {
    const inside = memberText(type, key, value[key], textOf)
    if (inside !== '') text += text === '' ? inside : `,${inside}`
  }
  return wrap(text, first)
}

/** One member with its path element; nothing where there is nothing to own. */
function memberText(type: MapType, key: string, member: unknown, textOf = fieldText): string {
  const field = member === undefined ? undefined : fieldOf(type, key)
  if (!field || field.isUntracked) return ''
  const inside = textOf(field, member)
  return inside === '' ? '' : `${field.text}${inside}`
}

/** In braces; nothing where there is nothing, a leaf where there is only the value itself. */
function wrap(text: string, first: string): string {
  if (text === first) return first === '' ? '' : LEAF
  return `{${text}}`
}

/** A field that is there even when it is left out is nobody's for itself. */
function fieldText({ type, absent }: Field, value: unknown): string {
  if (absent === undefined) return presentText(type, value)
  if (type.kind === 'map' && isMap(value)) return mapText(type, value, '')
  if (isList(type) && Array.isArray(value) && value.length > 0) return listText(type, value, '')
  return isSame(absent, value) ? '' : LEAF
}

const newText = ({ type }: Field, value: unknown): string => presentText(type, value)

const isList = (type: MergeType): type is KeyedType | SetType => type.kind === 'keyed' || type.kind === 'set'

function presentText(type: MergeType, value: unknown): string {
  switch (type.kind) {
    case 'deduced':
      return presentText(deduce(value), value)
    case 'map':
      return isMap(value) ? mapText(type, value, SELF) : LEAF
    case 'set':
    case 'keyed':
      return Array.isArray(value) ? listText(type, value, SELF) : LEAF
    default:
      return LEAF
  }
}

function listText(type: KeyedType | SetType, items: readonly unknown[], first: string): string {
  const elements = items.map(item => itemElement(type, item))
  const isTold = new Set(elements).size === elements.length
  let text = first
  for (const [i, element] of elements.entries()) {
    const isRepeated = !isTold && elements.indexOf(element) !== elements.lastIndexOf(element)
    if (isRepeated && elements.indexOf(element) !== i) continue
    const inside = type.kind === 'set' || isRepeated ? LEAF : presentText(type.element, items[i])
    text += `${text === '' ? '' : ','}${JSON.stringify(element)}:${inside}`
  }
  return wrap(text, first)
}
