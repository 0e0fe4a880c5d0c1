import { isMap, isSame } from './own.ts'

/**
 * Puts the elements of a merged list in order: those the patch names in the order `wanted`, those only the server has in
 * the order they had in `live`. Both orders are kept; a server-only element comes before the first wanted one that
 * stood after it in `live`. So what is new stands in front, unless the patch says otherwise.
 */
export function orderElements(
  merged: unknown[],
  wanted: unknown[],
  live: unknown[],
  mergeKey: string | undefined,
): unknown[] {
  const place = placeFinder(mergeKey)
  const [inWanted, inLive] = [place(wanted), place(live)]
  const named = merged.filter(item => inWanted(item) >= 0).sort((a, b) => inWanted(a) - inWanted(b))
  const others = merged.filter(item => inWanted(item) < 0).sort((a, b) => inLive(a) - inLive(b))
  const result: unknown[] = []
  while (named.length > 0 || others.length > 0) {
    const [own, other] = [named[0], others[0]]
    const takeOther = named.length === 0 || (others.length > 0 && isBefore(inLive(other), inLive(own)))
    result.push(takeOther ? other : own)
    if (takeOther) others.shift()
    else named.shift()
  }
  return result
}

const isBefore = (a: number, b: number): boolean => a >= 0 && b >= 0 && a < b

/** Gives a function that finds an element's place in a list, by its merge key, -1 where it is not there. */
function placeFinder(mergeKey: string | undefined): (list: unknown[]) => (item: unknown) => number {
  const keyOf = (item: unknown): unknown => (mergeKey && isMap(item) ? item[mergeKey] : item)
  return list => {
    const keys = list.map(keyOf)
    const places = new Map<unknown, number>()
    keys.forEach((key, i) => {
      if (!places.has(key)) places.set(key, i)
    })
    return item => {
      const key = keyOf(item)
      const found = places.get(key)
      if (found !== undefined || typeof key !== 'object') return found ?? -1
      return keys.findIndex(other => isSame(other, key))
    }
  }
}
