import { isMap, setOwn } from '../../meta/patch/own.ts'
import { indexItems, itemElement } from './list-items.ts'
import {
  DEDUCED,
  deduce,
  fieldOf,
  type KeyedType,
  type MapType,
  type MergeType,
  type SetType,
} from './merge-type.ts'

type Json = Record<string, unknown>

/** A live value with a configuration laid over it: what the configuration has wins. Both are left alone, and shared. */
export function mergeValues(type: MergeType, live: unknown, config: unknown): unknown {
  if (config === undefined) return live
  if (live === undefined) return config
  switch (type.kind) {
    case 'map':
      return mergeMaps(type, live, config)
    case 'set':
    case 'keyed':
      return mergeLists(type, live, config)
    case 'deduced': {
      const [before, after] = [deduce(live), deduce(config)]
      return before === after ? mergeValues(after, live, config) : config
    }
    default:
      return config
  }
}

function mergeMaps(type: MapType, live: unknown, config: unknown): unknown {
  if (!isMap(live)) return config
  if (!isMap(config)) return Object.keys(live).length === 0 ? config : live
  const result: Json = { ...live }
  for (const key of Object.keys(config)) {
    const field = fieldOf(type, key)
    const before = Object.hasOwn(live, key) ? live[key] : undefined
    setOwn(result, key, field ? mergeValues(field.type, before, config[key]) : config[key])
  }
  return result
}

function mergeLists(type: KeyedType | SetType, live: unknown, config: unknown): unknown {
  if (!Array.isArray(live)) return config
  if (!Array.isArray(config)) return live.length === 0 ? config : live
  return new ListMerge(type, live, config).items()
}

/**
 * Puts two lists together: items of the configuration come in its order, and those that only the live list has stay behind
 * the item they stood behind.
 */
class ListMerge {
  readonly #type: KeyedType | SetType
  readonly #live: readonly unknown[]
  readonly #config: readonly unknown[]
  readonly #liveKeys: readonly string[]
  readonly #configKeys: readonly string[]
  readonly #liveItems: Map<string, unknown[]>
  readonly #configItems: Map<string, unknown[]>
  readonly #taken = new Set<string>()

  constructor(type: KeyedType | SetType, live: readonly unknown[], config: readonly unknown[]) {
    this.#type = type
    this.#live = live
    this.#config = config
    this.#liveKeys = live.map(item => itemElement(type, item))
    this.#configKeys = config.map(item => itemElement(type, item))
    this.#liveItems = indexItems(type, live)
    this.#configItems = indexItems(type, config)
  }

  items(): unknown[] {
    const result: unknown[] = []
    let next = 0
    for (const [i, item] of this.#live.entries()) {
      const key = this.#liveKeys[i]!
      if (!this.#configItems.has(key)) {
        result.push(item)
        continue
      }
      // One that the configuration has elsewhere is put where the configuration has it.
      if (this.#taken.has(key) || key !== this.#nextShared(next)) continue
      while (next < this.#config.length && !this.#taken.has(key)) result.push(this.#take(next++))
    }
    while (next < this.#config.length) result.push(this.#take(next++))
    return result
  }

  /** The next item of the configuration that is live too. */
  #nextShared(from: number): string | undefined {
    return this.#configKeys.slice(from).find(key => this.#liveItems.has(key))
  }

  #take(index: number): unknown {
    const key = this.#configKeys[index]!
    this.#taken.add(key)
    const live = this.#liveItems.get(key)
    const element = this.#type.kind === 'keyed' ? this.#type.element : DEDUCED
    return mergeValues(element, live?.length === 1 ? live[0] : undefined, this.#config[index])
  }
}
