import type { Type } from './language/types.ts'
import type { Fields, Value } from './language/values.ts'

/** Variables of a policy: each is evaluated when an expression first asks for it, and once. */
export class LazyFields implements Fields {
  readonly type: Type
  readonly #makers: ReadonlyMap<string, () => Value>
  readonly #known = new Map<string, Value>()

  constructor(type: Type, makers: ReadonlyMap<string, () => Value>) {
    this.type = type
    this.#makers = makers
  }

  get fieldCount(): number {
    return this.#makers.size
  }

  get(name: string): Value | undefined {
    if (!this.#known.has(name)) this.#known.set(name, this.#makers.get(name)?.())
    return this.#known.get(name)
  }

  *fieldValues(): Generator<[string, Value]> {
    for (const name of this.#makers.keys()) yield [name, this.get(name)]
  }

  isSameFields(other: Fields): boolean {
    return other === this
  }
}
