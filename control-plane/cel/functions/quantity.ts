import { formatQuantity, parseQuantity, type Quantity } from '../../../api/meta/quantity.ts'
import { Type } from '../language/types.ts'
import { EvaluationError, type Typed } from '../language/values.ts'
import { addAll, addType, type Register } from './types.ts'

/** The type of an amount. */
export const QUANTITY = new Type('struct', 'kubernetes.Quantity')

const NANO = 1_000_000_000n

class CelQuantity implements Quantity, Typed {
  readonly type = QUANTITY
  readonly nano: bigint
  readonly format: Quantity['format']

  constructor({ nano, format }: Quantity) {
    this.nano = nano
    this.format = format
  }

  plus(nano: bigint): CelQuantity {
    return new CelQuantity({ nano: this.nano + nano, format: this.format })
  }

  isSame(other: CelQuantity): boolean {
    return this.nano === other.nano
  }

  toString(): string {
    return formatQuantity(this)
  }
}

function parse(text: string): CelQuantity {
  try {
    return new CelQuantity(parseQuantity(text))
  } catch (cause) {
    throw new EvaluationError((cause as Error).message, { cause })
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
  if (!isWhole(quantity)) throw new EvaluationError('cannot convert value to integer')
  return quantity.nano / NANO
}

const compare = (a: CelQuantity, b: CelQuantity): bigint =>
  a.nano < b.nano ? -1n : a.nano > b.nano ? 1n : 0n

/** Kubernetes' `quantity(…)`. */
export const registerQuantity: Register = environment => {
  const type = QUANTITY.name
  const sign = ({ nano }: CelQuantity): bigint => (nano < 0n ? -1n : nano > 0n ? 1n : 0n)
  addType(environment, QUANTITY)
  addAll(environment, {
    quantity: { string_to_quantity: [`(string): ${type}`, parse] },
    isQuantity: { is_quantity_string: ['(string): bool', isQuantity] },
    sign: { quantity_sign: [`(${type}): int`, sign], quantity_sign_member: [`${type}.(): int`, sign] },
    isInteger: { quantity_is_integer: [`${type}.(): bool`, isWhole] },
    asInteger: { quantity_get_int: [`${type}.(): int`, toInteger] },
    asApproximateFloat: {
      quantity_get_float: [`${type}.(): double`, ({ nano }: CelQuantity) => Number(nano) / 1e9],
    },
    isGreaterThan: {
      quantity_is_greater_than: [
        `${type}.(${type}): bool`,
        (a: CelQuantity, b: CelQuantity) => a.nano > b.nano,
      ],
    },
    isLessThan: {
      quantity_is_less_than: [`${type}.(${type}): bool`, (a: CelQuantity, b: CelQuantity) => a.nano < b.nano],
    },
    compareTo: { quantity_compare_to: [`${type}.(${type}): int`, compare] },
    add: {
      quantity_add: [`${type}.(${type}): ${type}`, (a: CelQuantity, b: CelQuantity) => a.plus(b.nano)],
      quantity_add_int: [`${type}.(int): ${type}`, (a: CelQuantity, b: bigint) => a.plus(b * NANO)],
    },
    sub: {
      quantity_sub: [`${type}.(${type}): ${type}`, (a: CelQuantity, b: CelQuantity) => a.plus(-b.nano)],
      quantity_sub_int: [`${type}.(int): ${type}`, (a: CelQuantity, b: bigint) => a.plus(-b * NANO)],
    },
  })
}
