import type { Job, Pod } from '../../../api/kinds/types.ts'

export const INDEX = 'batch.kubernetes.io/job-completion-index'

export const isIndexed = ({ spec }: Job): boolean => spec.completionMode === 'Indexed'

/** The index a Pod works on; undefined when it has none, or one beyond the Job's completions. */
export function indexOf({ metadata }: Pod, { spec }: Job): number | undefined {
  const text = metadata.annotations?.[INDEX]
  if (text === undefined || !/^\d+$/.test(text)) return undefined
  const index = Number(text)
  return index < (spec.completions ?? 0) ? index : undefined
}

/** `0-2,5` → the numbers. Those that are not below `completions` are left out: a Job can be made smaller. */
export function parseIndexes(text: string | undefined, completions: number): Set<number> {
  const indexes = new Set<number>()
  for (const range of (text ?? '').split(',').filter(Boolean)) {
    const [first, last = first] = range.split('-').map(Number)
    for (let index = first!; index <= last! && index < completions; index++) indexes.add(index)
  }
  return indexes
}

/** The numbers as ranges of two or more: `0,1` and `3-5` make `0,1,3-5`, as upstream writes them. */
export function formatIndexes(indexes: Iterable<number>): string {
  const sorted = [...indexes].sort((a, b) => a - b)
  const ranges: [first: number, last: number][] = []
  for (const index of sorted) {
    const open = ranges.at(-1)
    if (open && open[1] === index - 1) open[1] = index
    else ranges.push([index, index])
  }
  return ranges
    .map(([first, last]) => {
      if (first === last) return `${first}`
      return last === first + 1 ? `${first},${last}` : `${first}-${last}`
    })
    .join(',')
}

/** The lowest indexes nobody works on or has worked on, as many as are wanted. */
export function missingIndexes(taken: ReadonlySet<number>, completions: number, count: number): number[] {
  const missing: number[] = []
  for (let index = 0; index < completions && missing.length < count; index++) {
    if (!taken.has(index)) missing.push(index)
  }
  return missing
}
