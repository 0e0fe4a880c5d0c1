import { hasKeptSpec, withoutSpec } from '../../meta/kept-spec.ts'
import type { Json } from '../../meta/patch/own.ts'
import { type Comparison, compareValues } from './compare.ts'
import type { MergeType } from './merge-type.ts'

/** The versions that objects of a kind are served in. Owners' fields are paths in theirs. */
export interface Forms {
  /** Type of whole objects in a version, with what is tracked; undefined where the version is not served. */
  typeAt(apiVersion: string): MergeType | undefined
  /** The object in another version. It is left alone, and may be shared. */
  convert(object: object, from: string, to: string): object
}

/** One version alone. */
export const singleForm = (apiVersion: string, type: MergeType): Forms => ({
  typeAt: asked => (asked === apiVersion ? type : undefined),
  convert: object => object,
})

/** What differs between two states of an object, in each version that somebody asks for. */
export class Comparisons {
  readonly #forms: Forms
  readonly #apiVersion: string
  readonly #old: object
  readonly #object: object
  readonly #known = new Map<string, Comparison | undefined>()

  /** `old` without members is that of a new object. */
  constructor(forms: Forms, apiVersion: string, old: object, object: object) {
    this.#forms = forms
    this.#apiVersion = apiVersion
    this.#old = old
    this.#object = object
  }

  /** True for a version whose fields can be told. */
  has(apiVersion: string): boolean {
    return this.#forms.typeAt(apiVersion) !== undefined
  }

  /**
   * Undefined when nothing differs.
   * @throws MergeError where items of a list cannot be told apart
   */
  at(apiVersion: string): Comparison | undefined {
    if (this.#known.has(apiVersion)) return this.#known.get(apiVersion)
    const type = this.#forms.typeAt(apiVersion)!
    const old = this.#inVersion(this.#old, apiVersion)
    const object = this.#inVersion(this.#object, apiVersion)
    const result = hasKeptSpec(object, old)
      ? compareValues(type, withoutSpec(old as Json), withoutSpec(object as Json))
      : compareValues(type, old, object)
    this.#known.set(apiVersion, result)
    return result
  }

  #inVersion(object: object, apiVersion: string): object {
    if (apiVersion === this.#apiVersion) return object
    for (const _ in object) return this.#forms.convert(object, this.#apiVersion, apiVersion)
    return object
  }
}
