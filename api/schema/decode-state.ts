/** A body that cannot be read as its kind. The message is the one Go's decoder gives. */
export class DecodeError extends Error {
  readonly code = 'ERR_DECODE'
}

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
  unknown(field: string): void
  mismatch(value: unknown, goType: string, shown?: string): Error
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

  unknown(field: string): void {
    if (this.faults.length >= MOST_FAULTS) return
    this.faults.push(`unknown field ${JSON.stringify(formatPath([...this.#path, field]))}`)
  }

  /** `shown` is what the message calls the value, if not its JSON type. */
  mismatch(value: unknown, goType: string, shown = jsonType(value)): DecodeError {
    const field = `${this.struct}.${this.#fields.join('.')}`
    const place = this.#fields.length > 0 ? `Go struct field ${field}` : 'Go value'
    return new DecodeError(`json: cannot unmarshal ${shown} into ${place} of type ${goType}`)
  }
}

/** JSON's name of a value's type, as Go's messages have it. */
export function jsonType(value: unknown): string {
  if (Array.isArray(value)) return 'array'
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
