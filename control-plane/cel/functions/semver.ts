import { Type } from '../language/types.ts'
import { EvaluationError, type Typed } from '../language/values.ts'
import { addAll, addType, type Register } from './types.ts'

const SEMVER_TYPE = new Type('struct', 'kubernetes.Semver')

const SEMVER =
  /^(0|[1-9]\d*)\.(0|[1-9]\d*)\.(0|[1-9]\d*)(?:-((?:0|[1-9]\d*|\d*[a-zA-Z-][0-9a-zA-Z-]*)(?:\.(?:0|[1-9]\d*|\d*[a-zA-Z-][0-9a-zA-Z-]*))*))?(?:\+[0-9a-zA-Z-]+(?:\.[0-9a-zA-Z-]+)*)?$/

class Semver implements Typed {
  readonly type = SEMVER_TYPE
  readonly numbers: readonly bigint[]
  readonly prerelease: readonly string[]

  constructor([, major = '0', minor = '0', patch = '0', prerelease = '']: RegExpExecArray) {
    this.numbers = [major, minor, patch].map(BigInt)
    this.prerelease = prerelease === '' ? [] : prerelease.split('.')
  }

  isSame(other: Semver): boolean {
    return compare(this, other) === 0
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
  if (!match) throw new EvaluationError(faultOf(isLenient ? normalize(text) : text))
  return new Semver(match)
}

/** The words of Go's parser. */
function faultOf(text: string): string {
  if (text === '') return 'Version string empty'
  const parts = text.split('.')
  if (parts.length < 3) return 'No Major.Minor.Patch elements found'
  for (const part of text.split(/[-+]/)[0]!.split('.')) {
    if (!/^\d+$/.test(part)) return `Invalid character(s) found in number ${JSON.stringify(part)}`
    if (/^0\d/.test(part)) return `Number must not contain leading zeroes ${JSON.stringify(part)}`
  }
  return `Invalid Semantic Version ${JSON.stringify(text)}`
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
  const type = SEMVER_TYPE.name
  addType(environment, SEMVER_TYPE)
  addAll(environment, {
    semver: {
      string_to_semver: [`(string): ${type}`, (text: string) => parse(text)],
      string_bool_to_semver: [`(string, bool): ${type}`, parse],
    },
    isSemver: {
      is_semver_string: ['(string): bool', (text: string) => isSemver(text)],
      is_semver_string_bool: ['(string, bool): bool', isSemver],
    },
    major: { semver_major: [`${type}.(): int`, ({ numbers }: Semver) => numbers[0]] },
    minor: { semver_minor: [`${type}.(): int`, ({ numbers }: Semver) => numbers[1]] },
    patch: { semver_patch: [`${type}.(): int`, ({ numbers }: Semver) => numbers[2]] },
    isLessThan: {
      semver_is_less_than: [`${type}.(${type}): bool`, (a: Semver, b: Semver) => compare(a, b) < 0],
    },
    isGreaterThan: {
      semver_is_greater_than: [`${type}.(${type}): bool`, (a: Semver, b: Semver) => compare(a, b) > 0],
    },
    compareTo: {
      semver_compare_to: [
        `${type}.(${type}): int`,
        (a: Semver, b: Semver) => BigInt(Math.sign(compare(a, b))),
      ],
    },
  })
}
