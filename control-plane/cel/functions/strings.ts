import { compilePattern } from '../../../api/schema/structural/pattern.ts'
import { format } from './string-format.ts'
import { addAll, type Register } from './types.ts'

/** Strings as cel-go's extension has them, and Kubernetes' regular expressions. */
export const registerStrings: Register = environment => {
  addAll(environment, {
    'string.charAt(int): string': (text: string, at: bigint) => charAt([...text], Number(at)),
    'string.replace(string, string): string': (text: string, from: string, to: string) =>
      text.replaceAll(from, () => to),
    'string.replace(string, string, int): string': replaceSome,
    'string.reverse(): string': (text: string) => [...text].reverse().join(''),
    'string.format(list): string': (text: string, values: unknown[]) => format(text, values),
    'string.find(string): string': (text: string, pattern: string) =>
      compilePattern(pattern).exec(text)?.[0] ?? '',
    'string.findAll(string): list<string>': (text: string, pattern: string) => findAll(text, pattern, -1n),
    'string.findAll(string, int): list<string>': findAll,
  })
}

function charAt(characters: string[], at: number): string {
  if (at < 0 || at > characters.length) throw new Error(`index out of range: ${at}`)
  return characters[at] ?? ''
}

function replaceSome(text: string, from: string, to: string, count: bigint): string {
  let left = count < 0n ? Number.POSITIVE_INFINITY : Number(count)
  return text.replaceAll(from, found => (left-- > 0 ? to : found))
}

function findAll(text: string, pattern: string, most: bigint): string[] {
  const { source, flags } = compilePattern(pattern)
  const limit = most < 0n ? Number.POSITIVE_INFINITY : Number(most)
  return [...text.matchAll(new RegExp(source, `${flags}g`))].slice(0, limit).map(([found]) => found)
}
