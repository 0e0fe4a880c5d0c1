import { duplicateValue, type FieldError, tooMany } from '../../../api/meta/status.ts'
import { collect, each, type Rule } from '../rules/check.ts'

/** A list of so many items at most; of more, only how many there are is told. */
export const list =
  <T = any>(most: number, rule: Rule<T>): Rule<readonly T[]> =>
  (items, path) =>
    items.length > most ? [tooMany(path, items.length, most)] : each(rule)(items, path)

/** The same of a list without two items alike. */
export const set =
  <T = any>(most: number, rule: Rule<T>, keyOf: (item: T) => unknown = item => item): Rule<readonly T[]> =>
  (items, path) => {
    if (items.length > most) return [tooMany(path, items.length, most)]
    const seen = new Set<unknown>()
    const doubles: FieldError[] = []
    items.forEach((item, i) => {
      const key = keyOf(item)
      if (seen.has(key)) doubles.push(duplicateValue(`${path}[${i}]`, key))
      seen.add(key)
    })
    return collect(each(rule)(items, path), doubles)
  }

const LEAST_SHOWN = 16

/** Keys and values of a map. */
export const map =
  <T = any>(longest: number, key: Rule<string>, value: Rule<T>): Rule<Record<string, T>> =>
  (entries, path) =>
    collect(
      ...Object.entries(entries).map(([name, item]) =>
        collect(key(name, path), value(item, `${path}[${shorten(name, longest)}]`)),
      ),
    )

function shorten(name: string, longest: number): string {
  const most = Math.max(longest, LEAST_SHOWN)
  if (name.length <= most) return name
  const rest = most - 3
  return `${name.slice(0, Math.ceil(rest / 2))}...${name.slice(name.length - Math.floor(rest / 2))}`
}
