import { evaluate } from '@marcbachmann/cel-js'

/** Seconds. */
const UNITS: Record<string, number> = {
  ns: 1e-9,
  us: 1e-6,
  µs: 1e-6,
  ms: 1e-3,
  s: 1,
  m: 60,
  h: 3_600,
  d: 86_400,
  w: 604_800,
}

/** A duration as schemas of format `duration` have it: Go's, with days and weeks. */
export function parseDuration(text: string): unknown {
  const parts = [...text.replace(/^[+-]/, '').matchAll(/(\d+(?:\.\d*)?|\.\d+)\s*([a-zµ]+)/g)]
  if (parts.length === 0 && !/^[+-]?0$/.test(text)) return undefined
  const total = parts.reduce((sum, [, count, unit]) => sum + Number(count) * (UNITS[unit!] ?? 0), 0)
  const seconds = `${text.startsWith('-') ? '-' : ''}${total.toFixed(9)}s`
  return evaluate('duration(text)', { text: seconds })
}
