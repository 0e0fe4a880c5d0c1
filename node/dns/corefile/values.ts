import type { Directive } from './parse.ts'
import { CorefileError } from './tokens.ts'

const UNITS: Record<string, number> = { ms: 0.001, s: 1, m: 60, h: 3_600 }

/** Seconds of a duration as Go writes them: `30s`, `1m30s`, `500ms`. A bare number counts as seconds. */
export function parseDuration(text: string, directive: Directive): number {
  if (/^\d+$/.test(text)) return Number(text)
  const parts = [...text.matchAll(/(\d+(?:\.\d+)?)(ms|s|m|h)/g)]
  if (parts.length === 0 || parts.map(part => part[0]).join('') !== text) {
    throw new CorefileError(directive.line, `${directive.name}: "${text}" is no duration (like 30s)`)
  }
  return parts.reduce((sum, [, number, unit]) => sum + Number(number) * UNITS[unit!]!, 0)
}

/** A whole number of at least `smallest`. */
export function parseCount(text: string | undefined, directive: Directive, smallest = 0): number {
  const number = Number(text)
  if (text !== undefined && /^\d+$/.test(text) && number >= smallest) return number
  throw new CorefileError(
    directive.line,
    `${directive.name}: expected a number from ${smallest} up, found "${text ?? ''}"`,
  )
}

/** Refuses a directive with fewer or more arguments. */
export function expectArgs({ name, args, line }: Directive, least: number, most = least): void {
  if (args.length >= least && args.length <= most) return
  const expected =
    least === most ? String(least) : most === Infinity ? `${least} or more` : `${least} to ${most}`
  throw new CorefileError(line, `${name}: expected ${expected} argument(s), found ${args.length}`)
}

/** The error for a line in a plugin's block that the plugin does not know. */
export function unknownProperty(plugin: string, { name, line }: Directive): CorefileError {
  return new CorefileError(line, `${plugin}: unknown property "${name}"`)
}
