import { duplicateValue, type FieldError, tooMany } from '../../../api/meta/status.ts'
import { collect, each, type Rule } from '../rules/check.ts'

/** A list of so many items at most; that there are more is told by their number. */
export const list =
  <T = any>(most: number, rule: Rule<T>): Rule<readonly T[]> =>
  (items, path) =>
    collect(each(rule)(items, path), items.length > most && [tooMany(path, items.length, most)])

/** The same of a list without two items alike. `field` is what they would be alike in. */
export const set =
  <T = any>(
    most: number,
    rule: Rule<T>,
    keyOf: (item: T) => unknown = item => item,
    field = '',
  ): Rule<readonly T[]> =>
  (items, path) => {
    const seen = new Set<unknown>()
    const doubles: FieldError[] = []
    items.forEach((item, i) => {
      const key = keyOf(item)
      if (seen.has(key)) doubles.push(duplicateValue(`${path}[${i}]${field && `.${field}`}`, key))
      seen.add(key)
    })
    return collect(list(most, rule)(items, path), doubles)
  }

const LEAST_SHOWN = 16

/** Keys and values of a map. */
export const map =
  <T = any>(longest: number, key: Rule<string>, value: Rule<T>): Rule<Record<string, T>> =>
  (entries, path) =>
    collect(
      ...Object.entries(entries).map(([name, item]) => {
        const at = `${path}[${shorten(name, longest)}]`
        return collect(key(name, at), value(item, at))
      }),
    )

function shorten(name: string, longest: number): string {
  const most = Math.max(longest, LEAST_SHOWN)
  if (name.length <= most) return name
  const rest = most - 3
  return `${name.slice(0, Math.ceil(rest / 2))}...${name.slice(name.length - Math.floor(rest / 2))}`
}
