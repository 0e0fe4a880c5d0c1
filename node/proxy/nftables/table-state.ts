import { isDeepStrictEqual } from 'node:util'
import type { AddressFamily, ProxyNode, ServicePortModel } from '../../../plugins/proxy.ts'
import { TABLE, WORDS } from './base-table.ts'
import { Claims } from './claims.ts'
import { type Element, renderService, type ServiceRules } from './service-rules.ts'

const EMPTY: ServiceRules = { chains: new Map(), elements: [], sets: new Map() }
/** Entries in one command; keeps single lines readable when one fails. */
const ELEMENTS_PER_COMMAND = 200

/**
 * What is in the table of one family because of Services, and the commands that turn it into what it should be. The
 * caller must throw the state away when the commands could not be run.
 */
export class TableState {
  readonly #table: string
  readonly #node: ProxyNode
  readonly #services = new Map<string, ServiceRules>()
  readonly #claims = new Claims()

  constructor(family: AddressFamily, node: ProxyNode) {
    this.#table = `${WORDS[family].ip} ${TABLE}`
    this.#node = node
  }

  /** Affinity sets there are. */
  affinitySets(): Set<string> {
    return new Set([...this.#services.values()].flatMap(({ sets }) => [...sets.keys()]))
  }

  /** The commands for a batch, in an order the kernel takes: what is referred to is made first and removed last. */
  change(set: ServicePortModel[], removed: string[]): string[] {
    const steps: Steps = { add: [], fill: [], empty: [], remove: [] }
    for (const id of removed) this.#replace(id, EMPTY, steps)
    for (const model of set) this.#replace(model.id, renderService(model, this.#node), steps)
    const { gone, made } = this.#claims.takeChanges()
    return [
      ...steps.add,
      ...this.#elementCommands('delete', gone),
      ...steps.empty,
      ...steps.fill,
      ...this.#elementCommands('add', made),
      ...steps.remove,
    ]
  }

  #replace(id: string, next: ServiceRules, steps: Steps): void {
    const old = this.#services.get(id) ?? EMPTY
    this.#diffSets(old.sets, next.sets, steps)
    this.#diffChains(old.chains, next.chains, steps)
    for (const element of old.elements) this.#claims.drop(id, element)
    for (const element of next.elements) this.#claims.add(id, element)
    if (next === EMPTY) this.#services.delete(id)
    else this.#services.set(id, next)
  }

  /** The definition of a set of one name never changes. */
  #diffSets(old: Map<string, string>, next: Map<string, string>, steps: Steps): void {
    for (const [name, definition] of next) {
      if (!old.has(name)) steps.add.push(`add set ${this.#table} ${name} ${definition}`)
    }
    for (const name of old.keys()) {
      if (!next.has(name)) steps.remove.push(`delete set ${this.#table} ${name}`)
    }
  }

  #diffChains(old: Map<string, string[]>, next: Map<string, string[]>, steps: Steps): void {
    const table = this.#table
    const deletions: string[] = []
    for (const [name, rules] of next) {
      const before = old.get(name)
      if (isDeepStrictEqual(before, rules)) continue
      if (before) steps.empty.push(`flush chain ${table} ${name}`)
      else steps.add.push(`add chain ${table} ${name}`)
      for (const rule of rules) steps.fill.push(`add rule ${table} ${name} ${rule}`)
    }
    for (const name of old.keys()) {
      if (next.has(name)) continue
      steps.empty.push(`flush chain ${table} ${name}`)
      deletions.push(`delete chain ${table} ${name}`)
    }
    steps.remove.unshift(...deletions)
  }

  #elementCommands(verb: 'add' | 'delete', elements: Element[]): string[] {
    const bySet = Map.groupBy(elements, ({ set }) => set)
    return [...bySet].flatMap(([set, members]) =>
      slices(members, ELEMENTS_PER_COMMAND).map(some => {
        const list = some.map(({ key, value }) => (value ? `${key} : ${value}` : key)).join(', ')
        return `${verb} element ${this.#table} ${set} { ${list} }`
      }),
    )
  }
}

interface Steps {
  /** New sets and chains. */
  add: string[]
  /** Flushes of chains. */
  empty: string[]
  /** New rules. */
  fill: string[]
  /** Chains, then sets, that nothing refers to any more. */
  remove: string[]
}

function slices<T>(items: T[], size: number): T[][] {
  const parts: T[][] = []
  for (let i = 0; i < items.length; i += size) parts.push(items.slice(i, i + size))
  return parts
}
