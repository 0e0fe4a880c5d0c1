import { formatQuantity, parseQuantity, type Quantity } from '../../../api/meta/quantity.ts'
import { addAll, addType, type Register } from './types.ts'

const NANO = 1_000_000_000n

class CelQuantity implements Quantity {
  readonly nano: bigint
  readonly format: Quantity['format']

  constructor({ nano, format }: Quantity) {
    this.nano = nano
    this.format = format
  }

  plus(nano: bigint): CelQuantity {
    return new CelQuantity({ nano: this.nano + nano, format: this.format })
  }

  toString(): string {
    return formatQuantity(this)
  }
}

function parse(text: string): CelQuantity {
  try {
    return new CelQuantity(parseQuantity(text))
  } catch (cause) {
    throw new Error(`quantity parse error: ${(cause as Error).message}`, { cause })
  }
}

function isQuantity(text: string): boolean {
  try {
    parseQuantity(text)
    return true
  } catch {
    return false
  }
}

const isWhole = ({ nano }: CelQuantity): boolean =>
  nano % NANO === 0n && BigInt.asIntN(64, nano / NANO) === nano / NANO

function toInteger(quantity: CelQuantity): bigint {
  if (!isWhole(quantity)) throw new Error('cannot convert value to integer')
  return quantity.nano / NANO
}

const compare = (a: CelQuantity, b: CelQuantity): bigint =>
  a.nano < b.nano ? -1n : a.nano > b.nano ? 1n : 0n

/** Kubernetes' `quantity(…)`. */
export const registerQuantity: Register = environment => {
  const type = 'kubernetes.Quantity'
  addType(environment, type, CelQuantity, (a, b) => a.nano === b.nano)
  addAll(environment, {
    [`quantity(string): ${type}`]: parse,
    'isQuantity(string): bool': isQuantity,
    [`${type}.sign(): int`]: ({ nano }: CelQuantity) => (nano < 0n ? -1n : nano > 0n ? 1n : 0n),
    [`${type}.isInteger(): bool`]: isWhole,
    [`${type}.asInteger(): int`]: toInteger,
    [`${type}.asApproximateFloat(): double`]: ({ nano }: CelQuantity) => Number(nano) / 1e9,
    [`${type}.isGreaterThan(${type}): bool`]: (a: CelQuantity, b: CelQuantity) => a.nano > b.nano,
    [`${type}.isLessThan(${type}): bool`]: (a: CelQuantity, b: CelQuantity) => a.nano < b.nano,
    [`${type}.compareTo(${type}): int`]: compare,
    [`${type}.add(${type}): ${type}`]: (a: CelQuantity, b: CelQuantity) => a.plus(b.nano),
    [`${type}.add(int): ${type}`]: (a: CelQuantity, b: bigint) => a.plus(b * NANO),
    [`${type}.sub(${type}): ${type}`]: (a: CelQuantity, b: CelQuantity) => a.plus(-b.nano),
    [`${type}.sub(int): ${type}`]: (a: CelQuantity, b: bigint) => a.plus(-b * NANO),
  })
}
