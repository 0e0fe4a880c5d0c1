/** What was not used for so long is forgotten. Milliseconds. */
const KEPT = 24 * 60 * 60_000
const SWEEP_INTERVAL = 60 * 60_000

/** Seeds that a service has decrypted. There are as many as keys and restarts, so they are bounded by time alone. */
export class SeedCache {
  #seeds = new Map<string, { seed: Buffer; used: number }>()
  #swept = Date.now()

  has(id: string): boolean {
    return this.get(id) !== undefined
  }

  get(id: string): Buffer | undefined {
    const known = this.#seeds.get(id)
    if (known) known.used = Date.now()
    return known?.seed
  }

  set(id: string, seed: Buffer): void {
    this.#seeds.set(id, { seed, used: Date.now() })
    this.#sweep()
  }

  #sweep(): void {
    const now = Date.now()
    if (now - this.#swept < SWEEP_INTERVAL) return
    this.#swept = now
    for (const [id, { used }] of this.#seeds) {
      if (now - used > KEPT) this.#seeds.delete(id)
    }
  }
}
