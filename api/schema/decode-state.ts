import { isNumber, isWhole } from '../meta/json.ts'

/** A body that cannot be read as its kind. The message is the one Go's decoder gives. */
export class DecodeError extends Error {
  readonly code = 'ERR_DECODE'
  /** What the converter says that the result of a strategic patch goes through, where that has words of its own. */
  readonly converted: string | undefined

  constructor(message: string, options: { cause?: unknown; converted?: string | undefined } = {}) {
    super(message, options)
    this.converted = options.converted
  }
}

/** What a value is to Go's reflection, as far as it tells. */
export type GoKind = 'bool' | 'float64' | 'int32' | 'int64' | 'map' | 'slice' | 'string' | 'struct'

/** Upstream's decoder stops collecting there. */
const MOST_FAULTS = 100

/** What a reader tells while it walks through a body. */
export interface Walk {
  /** Go name of the innermost struct. */
  struct: string
  enterField(name: string): void
  leaveField(): void
  enterItem(place: string | number): void
  leaveItem(): void
  /** Go's type of a field reads itself from here on: messages name that field, whatever is wrong inside of it. */
  seal(): void
  unseal(): void
  unknown(field: string): void
  mismatch(value: unknown, goType: string, kind?: GoKind, shown?: string): Error
}

/** Ends a {@link QuietWalk} that met something. */
export const LOOK_AGAIN = new Error('to be looked at again')

/** For bodies that are as they should be, as nearly all are: remembers nothing, and gives up at the first fault. */
export class QuietWalk implements Walk {
  struct = ''
  enterField(): void {}
  leaveField(): void {}
  enterItem(): void {}
  leaveItem(): void {}
  seal(): void {}
  unseal(): void {}

  unknown(): never {
    throw LOOK_AGAIN
  }

  mismatch(): Error {
    return LOOK_AGAIN
  }
}

/** Where the decoder is, and what it met on the way. */
export class DecodeState implements Walk {
  /** Go name of the innermost struct. */
  struct = ''
  /** What strict validation objects to. */
  readonly faults: string[] = []
  /** Fields, indices and map keys down to here. */
  readonly #path: (string | number)[] = []
  /** Only the fields: Go's messages leave out where in a list it was. */
  readonly #fields: string[] = []
  /** How many fields lead to the outermost one that reads itself, and of how many such the walk is inside. */
  #sealed = 0
  #seals = 0

  enterField(name: string): void {
    this.#path.push(name)
    this.#fields.push(name)
  }

  leaveField(): void {
    this.#path.pop()
    this.#fields.pop()
  }

  enterItem(place: string | number): void {
    this.#path.push(place)
  }

  leaveItem(): void {
    this.#path.pop()
  }

  seal(): void {
    if (this.#seals++ === 0) this.#sealed = this.#fields.length
  }

  unseal(): void {
    this.#seals--
  }

  unknown(field: string): void {
    if (this.faults.length >= MOST_FAULTS) return
    this.faults.push(`unknown field ${JSON.stringify(formatPath([...this.#path, field]))}`)
  }

  /** `shown` is what the message calls the value, if not its JSON type. */
  mismatch(value: unknown, goType: string, kind?: GoKind, shown = jsonType(value)): DecodeError {
    const fields = this.#seals > 0 ? this.#fields.slice(0, this.#sealed) : this.#fields
    const field = `${this.struct}.${fields.join('.')}`
    const place = this.#fields.length > 0 ? `Go struct field ${field}` : 'Go value'
    const message = `json: cannot unmarshal ${shown} into ${place} of type ${goType}`
    return new DecodeError(message, { converted: kind && conversionFault(value, goType, kind) })
  }
}

function conversionFault(value: unknown, goType: string, kind: GoKind): string | undefined {
  const given = goKind(value)
  if (kind === 'map' || kind === 'slice') return `cannot restore ${kind} from ${given}`
  if (kind === 'struct') return `cannot restore struct from: ${given}`
  const isNumber = given === 'int64' || given === 'float64'
  if (!isNumber || kind === 'bool' || (given === 'float64' && kind === 'string')) {
    return `unrecognized type: ${kind}`
  }
  return given === 'int64' && kind !== 'string' ? undefined : `cannot convert ${given} to ${goType}`
}

function goKind(value: unknown): GoKind {
  if (typeof value === 'string') return 'string'
  if (typeof value === 'boolean') return 'bool'
  if (isNumber(value)) return isWhole(value) ? 'int64' : 'float64'
  return Array.isArray(value) ? 'slice' : 'map'
}

/** JSON's name of a value's type, as Go's messages have it. */
export function jsonType(value: unknown): string {
  if (Array.isArray(value)) return 'array'
  if (typeof value === 'bigint') return 'number'
  return typeof value === 'boolean' ? 'bool' : typeof value
}

/** `spec.containers[0].name`. */
export function formatPath(path: readonly (string | number)[]): string {
  return path
    .map((part, i) => (typeof part === 'number' ? `[${part}]` : i === 0 ? part : `.${part}`))
    .join('')
}

/**
 * Reads a value in place: brings it to canonical form, drops what the schema does not know (noting it in the state), and
 * gives back what is to stand there.
 * @throws DecodeError where the type is wrong
 */
export type Reader = (value: unknown, state: Walk) => unknown
