import { goQuote } from '../../../api/meta/status.ts'

/** Indexes of a Job from the first to the last, both included. */
export type Range = [first: number, last: number]

function parsePart(text: string, completions: number): number {
  if (!/^[+-]?\d+$/.test(text))
    throw new Error(`cannot convert string to integer for index: ${goQuote(text)}`)
  if (Number(text) >= completions) throw new Error(`too large index: ${goQuote(text)}`)
  return Number(text)
}

function parseRange(text: string, completions: number): Range {
  const parts = text.split('-')
  if (parts.length > 2) {
    throw new Error(
      `the fragment ${goQuote(text)} violates the requirement that an index interval can have at most two parts separated by '-'`,
    )
  }
  const [first, last] = parts.map(part => parsePart(part, completions)) as [number, number | undefined]
  if (last === undefined) return [first, first]
  if (first >= last) throw new Error(disorder(first, last))
  return [first, last]
}

const disorder = (previous: number, current: number): string =>
  `non-increasing order, previous: ${previous}, current: ${current}`

/** What is wrong with indexes in their short form (`1,3-5`). The words are upstream's. */
export function rangesFault(text: string, completions: number): string | undefined {
  let end = -1
  try {
    for (const part of text === '' ? [] : text.split(',')) {
      const [first, last] = parseRange(part, completions)
      if (end >= first) return disorder(end, first)
      end = last
    }
    return undefined
  } catch (error) {
    return (error as Error).message
  }
}

/** The ranges that can be read; what is wrong with the others is told by `rangesFault`. */
export const readRanges = (text: string, completions: number): Range[] =>
  text.split(',').flatMap(part => {
    try {
      return [parseRange(part, completions)]
    } catch {
      return []
    }
  })
