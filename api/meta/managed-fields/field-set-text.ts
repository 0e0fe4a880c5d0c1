import type { FieldSet } from './field-set.ts'

/**
 * Sets as text and back. Objects made alike have sets alike, and their texts are remembered: a Pod's status is written many
 * times, and by each Pod of its Deployment, with one set.
 */

const sets = new Map<string, FieldSet>()
const texts = new WeakMap<FieldSet, string>()
const MOST_REMEMBERED = 500
/** Characters in all. */
const MOST_TEXT = 2 << 20
let size = 0

/** The set that a canonical text stands for. */
export function parseFieldSet(text: string): FieldSet {
  const known = sets.get(text)
  if (known) return known
  const set = JSON.parse(text) as FieldSet
  remember(text, set)
  return set
}

/** A set as the text that it is stored as. */
export function fieldSetText(set: FieldSet): string {
  const known = texts.get(set)
  if (known !== undefined) return known
  const text = JSON.stringify(set)
  remember(text, set)
  return text
}

function remember(text: string, set: FieldSet): void {
  texts.set(set, text)
  if (text.length > MOST_TEXT / 10) return
  if (sets.size >= MOST_REMEMBERED || size + text.length > MOST_TEXT) {
    sets.clear()
    size = 0
  }
  // A part of a string keeps the whole alive: this makes one of its own.
  sets.set(Buffer.from(text).toString(), set)
  size += text.length
}
