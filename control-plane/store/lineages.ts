import type { Connection } from './connection.ts'

/**
 * What this process knows of who wrote last, for stores whose master can be replaced (see `LINEAGE` in scripts.ts): which
 * processes were masters before a type's last write through another one. When such a one has the type now, and was never
 * a replica, the type was moved to it whole.
 */
export class Lineages {
  #clock = 0
  #known = new Map<string, number>()
  #writers = new Map<string, { lineage: string; at: number }>()

  /** To be told of each connection to a master. */
  connected({ lineage }: Connection): void {
    if (!this.#known.has(lineage)) this.#known.set(lineage, ++this.#clock)
  }

  /** To be told of each write that was done. */
  wrote(type: string, { lineage }: Connection): void {
    const writer = this.#writers.get(type)
    if (writer?.lineage === lineage) writer.at = ++this.#clock
    else this.#writers.set(type, { lineage, at: ++this.#clock })
  }

  /** From whom the process of a connection may have taken the type over as it was; empty for nobody. */
  predecessor(type: string, { lineage }: Connection): string {
    const writer = this.#writers.get(type)
    const known = this.#known.get(lineage)
    return writer && known !== undefined && known < writer.at ? writer.lineage : ''
  }
}
