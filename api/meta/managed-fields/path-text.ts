import { parseJson } from '../json.ts'
import { type FieldSet, hasSelf, SELF } from './field-set.ts'

/** Path elements in upstream's order: fields, items by key, items by value, items by index. */
const ORDER = ['f', 'k', 'v', 'i']

function compareElements(a: string, b: string): number {
  const byKind = ORDER.indexOf(a[0]!) - ORDER.indexOf(b[0]!)
  if (byKind !== 0) return byKind
  return a < b ? -1 : a > b ? 1 : 0
}

/** The members of a set as texts (`.spec.containers[name="web"].image`), in upstream's order: members before what is below. */
export function pathTexts(set: FieldSet, prefix = ''): string[] {
  const elements = Object.keys(set)
    .filter(element => element !== SELF)
    .sort(compareElements)
  const members = elements.filter(element => hasSelf(set[element]!))
  return [
    ...members.map(element => prefix + elementText(element)),
    ...elements.flatMap(element => pathTexts(set[element]!, prefix + elementText(element))),
  ]
}

/** `.name`, `[name="web",port=80]`, `[="x"]`, `[3]`. */
export function elementText(element: string): string {
  const text = element.slice(2)
  if (element.startsWith('f:')) return `.${text}`
  if (element.startsWith('v:')) return `[=${valueText(parseJson(text))}]`
  if (element.startsWith('i:')) return `[${text}]`
  const keys = Object.entries(parseJson(text) as Record<string, unknown>)
  return `[${keys.map(([key, value]) => `${key}=${valueText(value)}`).join(',')}]`
}

const valueText = (value: unknown): string => JSON.stringify(value)
