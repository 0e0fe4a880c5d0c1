import type { Entry } from './entry.ts'

/** A leaf is split when it grows beyond this. */
const LEAF_SIZE = 128

/** A run of entries in order of their keys. `owner` is the tree that may change it in place. */
interface Leaf {
  owner: object
  entries: Entry[]
}

/** Entries as they were at one moment, in order of their keys. */
export interface EntriesView {
  readonly size: number
  get(key: string): Entry | undefined
  /** Entries with `from <= key < to`. */
  range(from: string, to?: string): Generator<Entry>
}

/**
 * Entries in order of their keys: a tree of two levels that is copied on write. Taking a view costs nothing; afterwards
 * the first change of a leaf copies that leaf and the list of leaves, so a list can be read page by page from the view
 * while writes go on.
 */
export class SortedEntries implements EntriesView {
  #leaves: Leaf[]
  #owner = {}
  #shared = false
  #size: number

  /** `entries` in any order. */
  constructor(entries: Entry[] = []) {
    const sorted = entries.toSorted((a, b) => (a.key < b.key ? -1 : 1))
    this.#size = sorted.length
    this.#leaves = []
    for (let at = 0; at < sorted.length; at += LEAF_SIZE / 2) {
      this.#leaves.push({ owner: this.#owner, entries: sorted.slice(at, at + LEAF_SIZE / 2) })
    }
  }

  get size(): number {
    return this.#size
  }

  get(key: string): Entry | undefined {
    return lookup(this.#leaves, key)
  }

  range(from: string, to?: string): Generator<Entry> {
    return this.view().range(from, to)
  }

  /** Puts an entry in and returns the one it replaces. */
  set(entry: Entry): Entry | undefined {
    if (this.#leaves.length === 0) {
      this.#leaves = [{ owner: this.#owner, entries: [entry] }]
      this.#shared = false
      this.#size = 1
      return undefined
    }
    const at = Math.max(leafIndex(this.#leaves, entry.key), 0)
    const { entries } = this.#own(at)
    const position = lowerBound(entries, entry.key)
    const old = entries[position]?.key === entry.key ? entries[position] : undefined
    if (old) entries[position] = entry
    else {
      entries.splice(position, 0, entry)
      this.#size++
      if (entries.length > LEAF_SIZE) this.#split(at)
    }
    return old
  }

  /** Takes an entry out and returns it. */
  delete(key: string): Entry | undefined {
    const old = this.get(key)
    if (!old) return undefined
    const at = leafIndex(this.#leaves, key)
    const { entries } = this.#own(at)
    entries.splice(lowerBound(entries, key), 1)
    if (entries.length === 0) this.#leaves.splice(at, 1)
    this.#size--
    return old
  }

  /** The entries as they are now, whatever happens later. */
  view(): EntriesView {
    this.#shared = true
    this.#owner = {}
    const leaves = this.#leaves
    return { size: this.#size, get: key => lookup(leaves, key), range: (from, to) => scan(leaves, from, to) }
  }

  /** The leaf at an index, copied first if a view may hold it. */
  #own(at: number): Leaf {
    if (this.#shared) {
      this.#leaves = this.#leaves.slice()
      this.#shared = false
    }
    let leaf = this.#leaves[at]!
    if (leaf.owner !== this.#owner) {
      leaf = { owner: this.#owner, entries: leaf.entries.slice() }
      this.#leaves[at] = leaf
    }
    return leaf
  }

  #split(at: number): void {
    const leaf = this.#leaves[at]!
    const upper = leaf.entries.splice(leaf.entries.length / 2)
    this.#leaves.splice(at + 1, 0, { owner: this.#owner, entries: upper })
  }
}

function lookup(leaves: readonly Leaf[], key: string): Entry | undefined {
  const entries = leaves[leafIndex(leaves, key)]?.entries
  if (!entries) return undefined
  const entry = entries[lowerBound(entries, key)]
  return entry?.key === key ? entry : undefined
}

function* scan(leaves: readonly Leaf[], from: string, to: string | undefined): Generator<Entry> {
  for (let at = Math.max(leafIndex(leaves, from), 0); at < leaves.length; at++) {
    const { entries } = leaves[at]!
    for (let i = entries[0]!.key < from ? lowerBound(entries, from) : 0; i < entries.length; i++) {
      const entry = entries[i]!
      if (to !== undefined && entry.key >= to) return
      yield entry
    }
  }
}

/** Index of the leaf that would hold a key: the last whose first key is not above it, -1 for none. */
function leafIndex(leaves: readonly Leaf[], key: string): number {
  let low = 0
  let high = leaves.length
  while (low < high) {
    const middle = (low + high) >> 1
    if (leaves[middle]!.entries[0]!.key <= key) low = middle + 1
    else high = middle
  }
  return low - 1
}

/** Index of the first entry whose key is not below the given one. */
function lowerBound(entries: readonly Entry[], key: string): number {
  let low = 0
  let high = entries.length
  while (low < high) {
    const middle = (low + high) >> 1
    if (entries[middle]!.key < key) low = middle + 1
    else high = middle
  }
  return low
}
