const MOST_TEXTS = 100
/** Longer texts are not kept. Characters. */
const LONGEST_TEXT = 16 << 10

const NONE: readonly never[] = Object.freeze([])

/**
 * Remembers by their JSON the values that rules found nothing wrong with: what a template makes many of (the Pods of one
 * ReplicaSet have one spec) is looked through once. Holds the latest ones only.
 */
export class SoundTexts {
  #texts = new Set<string>()

  /** What `rules` find; they are not asked about what was sound before. */
  check<Fault>(text: string, rules: () => readonly Fault[]): readonly Fault[] {
    if (this.#texts.has(text)) return NONE
    const faults = rules()
    if (faults.length === 0 && text.length <= LONGEST_TEXT) this.#remember(text)
    return faults
  }

  #remember(text: string): void {
    if (this.#texts.size >= MOST_TEXTS) this.#texts.clear()
    this.#texts.add(text)
  }
}
