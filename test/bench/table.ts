import { formatTable } from '../../cli/table.ts'

/** Prints a table under a title. */
export function printTable(title: string, head: string[], rows: string[][]): void {
  console.log(`\n${title}\n${formatTable([head, ...rows])}`)
}

/** The value that `percent` of the values do not exceed (nearest rank). */
export function percentile(values: number[], percent: number): number {
  const sorted = values.toSorted((a, b) => a - b)
  const value = sorted[Math.max(0, Math.ceil((percent / 100) * sorted.length) - 1)]
  if (value === undefined) throw new RangeError('no values to take a percentile of')
  return value
}

/** Milliseconds as seconds with two decimals. */
export const seconds = (milliseconds: number): string => `${(milliseconds / 1000).toFixed(2)} s`

/** Bytes as MiB. */
export const mebibytes = (bytes: number): string => `${(bytes / 2 ** 20).toFixed(0)} MiB`
