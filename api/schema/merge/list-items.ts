import { isMap } from '../../meta/patch/own.ts'
import { type KeyedType, type ListKey, MergeError, type SetType } from './merge-type.ts'

/**
 * The path element of a list's item: `k:{"name":"web"}` or `v:"a"`.
 * @throws MergeError where it has none: a key left out that has no default, an item that is no object
 */
export function itemElement(type: KeyedType | SetType, item: unknown): string {
  return type.kind === 'keyed' ? keyedElement(type, item) : valueElement(item)
}

function keyedElement({ keys }: KeyedType, item: unknown): string {
  if (item === null) throw new MergeError('associative list with keys may not have a null element')
  if (!isMap(item)) throw new MergeError('associative list with keys may not have non-map elements')
  let text = 'k:{'
  for (let i = 0; i < keys.length; i++) {
    const key = keys[i]!
    text += `${i > 0 ? ',' : ''}"${key.name}":${JSON.stringify(keyValue(item, key))}`
  }
  return `${text}}`
}

function keyValue(item: Record<string, unknown>, { name, default: fallback }: ListKey): unknown {
  const value = item[name] ?? fallback
  if (value === undefined) {
    throw new MergeError(
      `associative list with keys has an element that omits key field ${JSON.stringify(name)} (and doesn't have default value)`,
    )
  }
  return value
}

function valueElement(item: unknown): string {
  if (item === null)
    throw new MergeError("associative list without keys has an element that's an explicit null")
  if (typeof item !== 'object') return `v:${JSON.stringify(item)}`
  throw new MergeError(
    Array.isArray(item)
      ? 'not supported: associative list with lists as elements'
      : "associative list without keys has an element that's a map type",
  )
}

/** Items by their path elements, in order; several where they are not told apart. */
export function indexItems(type: KeyedType | SetType, items: readonly unknown[]): Map<string, unknown[]> {
  const index = new Map<string, unknown[]>()
  for (const item of items) {
    const element = itemElement(type, item)
    const same = index.get(element)
    if (same) same.push(item)
    else index.set(element, [item])
  }
  return index
}
