import type { ApiObject } from '../../../api/meta/object.ts'

/** An object of a resource in another version, by somebody who takes time for it. */
export type Convert = (object: ApiObject, toApiVersion: string) => Promise<ApiObject>

/** Thrown out of what needs a conversion first: it is to be done again when that is there. */
class Pending extends Error {
  readonly done: Promise<void>

  constructor(done: Promise<void>) {
    super('an object is being converted')
    this.done = done
  }
}

/** A conversion that was needed and failed; `cause` says why. */
export class ConversionFailed extends Error {
  readonly code = 'CONVERSION_FAILED'
}

/** Conversions that one write needed so far, so that what works with them need not wait for anybody itself. */
export class Conversions {
  readonly #convert: Convert
  readonly #known = new Map<string, ApiObject | ConversionFailed>()

  constructor(convert: Convert) {
    this.#convert = convert
  }

  /**
   * The object in another version.
   * @throws ConversionFailed
   */
  of(object: ApiObject, toApiVersion: string): ApiObject {
    const { managedFields: _, ...metadata } = object.metadata ?? {}
    const bare = { ...object, metadata } as ApiObject
    const key = `${toApiVersion} ${JSON.stringify(bare)}`
    const known = this.#known.get(key)
    if (known instanceof ConversionFailed) throw known
    if (known) return known
    throw new Pending(
      this.#convert(bare, toApiVersion).then(
        converted => void this.#known.set(key, converted),
        cause => void this.#known.set(key, new ConversionFailed(cause.message, { cause })),
      ),
    )
  }
}

/** Does something as often as it takes until all conversions that it needs are there. Waits for nobody where none is. */
export function settled<T>(work: () => T): T | Promise<T> {
  try {
    return work()
  } catch (error) {
    if (!(error instanceof Pending)) throw error
    return error.done.then(() => settled(work))
  }
}
