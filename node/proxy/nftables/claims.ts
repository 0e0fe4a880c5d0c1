import type { Element } from './service-rules.ts'

/**
 * Who wants which entry of a set or map. Several Service ports may want the same one (an endpoint of two Services, two
 * Services with one external address): it is in the kernel once, with the value of who came first, as long as somebody
 * wants it.
 */
export class Claims {
  /** set → key → owner → value. */
  readonly #sets = new Map<string, Map<string, Map<string, string>>>()
  /** What entries touched since the last {@link takeChanges} were before. */
  readonly #before = new Map<string, Element>()

  add(owner: string, { set, key, value }: Element): void {
    this.#remember(set, key)
    const keys = getOrMake(this.#sets, set, () => new Map<string, Map<string, string>>())
    getOrMake(keys, key, () => new Map<string, string>()).set(owner, value)
  }

  drop(owner: string, { set, key }: Element): void {
    this.#remember(set, key)
    const owners = this.#sets.get(set)?.get(key)
    owners?.delete(owner)
    if (owners?.size === 0) this.#sets.get(set)!.delete(key)
  }

  /** The entries that differ from what they were when this was called last. */
  takeChanges(): { gone: Element[]; made: Element[] } {
    const gone: Element[] = []
    const made: Element[] = []
    for (const { set, key, value: old } of this.#before.values()) {
      const value = this.#value(set, key)
      if (value === old) continue
      if (old !== NOTHING) gone.push({ set, key, value: old })
      if (value !== NOTHING) made.push({ set, key, value })
    }
    this.#before.clear()
    return { gone, made }
  }

  #remember(set: string, key: string): void {
    const id = `${set} ${key}`
    if (!this.#before.has(id)) this.#before.set(id, { set, key, value: this.#value(set, key) })
  }

  #value(set: string, key: string): string {
    const owners = this.#sets.get(set)?.get(key)
    return owners ? owners.values().next().value! : NOTHING
  }
}

/** The value of an entry nobody wants. */
const NOTHING = '(none)'

function getOrMake<K, V>(map: Map<K, V>, key: K, make: () => V): V {
  const known = map.get(key)
  if (known !== undefined) return known
  const made = make()
  map.set(key, made)
  return made
}
