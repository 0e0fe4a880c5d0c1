import type { AuditEvent } from '../pipeline/audit.ts'

/** An event on its way, with its line of JSON, which is made once for all backends. */
export class AuditRecord {
  readonly event: AuditEvent
  #text: string | undefined
  #size: number | undefined

  constructor(event: AuditEvent) {
    this.event = event
  }

  get text(): string {
    this.#text ??= JSON.stringify(this.event)
    return this.#text
  }

  /** Bytes of the text. */
  get size(): number {
    this.#size ??= Buffer.byteLength(this.text)
    return this.#size
  }
}
