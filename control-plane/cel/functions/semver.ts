import { addAll, addType, type Register } from './types.ts'

const SEMVER =
  /^(0|[1-9]\d*)\.(0|[1-9]\d*)\.(0|[1-9]\d*)(?:-((?:0|[1-9]\d*|\d*[a-zA-Z-][0-9a-zA-Z-]*)(?:\.(?:0|[1-9]\d*|\d*[a-zA-Z-][0-9a-zA-Z-]*))*))?(?:\+[0-9a-zA-Z-]+(?:\.[0-9a-zA-Z-]+)*)?$/

class Semver {
  readonly numbers: readonly bigint[]
  readonly prerelease: readonly string[]

  constructor([, major = '0', minor = '0', patch = '0', prerelease = '']: RegExpExecArray) {
    this.numbers = [major, minor, patch].map(BigInt)
    this.prerelease = prerelease === '' ? [] : prerelease.split('.')
  }
}

/** A leading `v` goes, missing parts are zero, leading zeros are dropped. */
function normalize(text: string): string {
  const [core = '', rest = ''] = text.replace(/^v/, '').split(/(?=[-+])(.*)/s)
  const parts = core.split('.').map(part => part.replace(/^0+(?=\d)/, ''))
  while (parts.length < 3) parts.push('0')
  return parts.join('.') + rest
}

function parse(text: string, isLenient = false): Semver {
  const match = SEMVER.exec(isLenient ? normalize(text) : text)
  if (!match) throw new Error(`semver parse error: Invalid Semantic Version ${JSON.stringify(text)}`)
  return new Semver(match)
}

const isSemver = (text: string, isLenient = false): boolean => SEMVER.test(isLenient ? normalize(text) : text)

function compare(a: Semver, b: Semver): number {
  for (const [i, number] of a.numbers.entries())
    if (number !== b.numbers[i]) return number < b.numbers[i]! ? -1 : 1
  if (a.prerelease.length === 0 || b.prerelease.length === 0) return b.prerelease.length - a.prerelease.length
  for (const [i, part] of a.prerelease.entries()) {
    const other = b.prerelease[i]
    if (other === undefined) return 1
    const order = comparePart(part, other)
    if (order !== 0) return order
  }
  return a.prerelease.length - b.prerelease.length
}

function comparePart(a: string, b: string): number {
  if (a === b) return 0
  const [isNumber, isOtherNumber] = [/^\d+$/.test(a), /^\d+$/.test(b)]
  if (isNumber && isOtherNumber) return BigInt(a) < BigInt(b) ? -1 : 1
  if (isNumber !== isOtherNumber) return isNumber ? -1 : 1
  return a < b ? -1 : 1
}

/** Kubernetes' `semver(…)`. */
export const registerSemver: Register = environment => {
  const type = 'kubernetes.Semver'
  addType(environment, type, Semver, (a, b) => compare(a, b) === 0)
  addAll(environment, {
    [`semver(string): ${type}`]: (text: string) => parse(text),
    [`semver(string, bool): ${type}`]: parse,
    'isSemver(string): bool': (text: string) => isSemver(text),
    'isSemver(string, bool): bool': isSemver,
    [`${type}.major(): int`]: ({ numbers }: Semver) => numbers[0],
    [`${type}.minor(): int`]: ({ numbers }: Semver) => numbers[1],
    [`${type}.patch(): int`]: ({ numbers }: Semver) => numbers[2],
    [`${type}.isLessThan(${type}): bool`]: (a: Semver, b: Semver) => compare(a, b) < 0,
    [`${type}.isGreaterThan(${type}): bool`]: (a: Semver, b: Semver) => compare(a, b) > 0,
    [`${type}.compareTo(${type}): int`]: (a: Semver, b: Semver) => BigInt(Math.sign(compare(a, b))),
  })
}
