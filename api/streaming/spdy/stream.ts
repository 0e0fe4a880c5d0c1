import { Duplex } from 'node:stream'
import type { Headers } from './header-blocks.ts'

/** What a stream needs of its connection. */
export interface StreamWire {
  write(data: Buffer, isLast: boolean): Promise<void>
  reset(): void
}

const NOTHING = Buffer.alloc(0)
/** Longer writes go in pieces of this (bytes): streams of one connection take turns. */
const PIECE = 32 * 1024

/** One stream of a SPDY connection. Ending it is a half-close; destroying it resets it. */
export class SpdyStream extends Duplex {
  readonly id: number
  /** Headers it was opened with, names in lower case. */
  readonly headers: Headers
  readonly #wire: StreamWire
  #wanted: (() => void) | undefined
  #isOver = false

  constructor(id: number, headers: Headers, wire: StreamWire) {
    super({ allowHalfOpen: true })
    this.id = id
    this.headers = Object.fromEntries(
      Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]),
    )
    this.#wire = wire
    this.on('error', () => {})
  }

  /** Hands on what arrived; resolves when the reader has room for more. */
  receive(data: Buffer): Promise<void> | void {
    if (this.readableEnded || this.destroyed || this.push(data)) return
    return new Promise(resolve => {
      this.#wanted = resolve
    })
  }

  /** The peer sends no more. */
  endReading(): void {
    if (!this.readableEnded && !this.destroyed) this.push(null)
  }

  /** The peer wants no more of this stream, either way. */
  wasReset(): void {
    this.#isOver = true
    this.endReading()
    this.#destroyAfterReading()
  }

  /** The connection is gone. */
  wasCut(fault: Error | undefined): void {
    this.#isOver = true
    if (fault) this.destroy(fault)
    else {
      this.endReading()
      this.#destroyAfterReading()
    }
  }

  #destroyAfterReading(): void {
    if (this.readableEnded) this.destroy()
    else this.once('end', () => this.destroy())
  }

  override _read(): void {
    const resolve = this.#wanted
    this.#wanted = undefined
    resolve?.()
  }

  override _write(chunk: Buffer, _: BufferEncoding, done: (error?: Error | null) => void): void {
    this.#writePieces(chunk).then(() => done(), done)
  }

  async #writePieces(chunk: Buffer): Promise<void> {
    for (let at = 0; at < chunk.length; at += PIECE) {
      await this.#wire.write(chunk.subarray(at, at + PIECE), false)
    }
  }

  override _final(done: (error?: Error | null) => void): void {
    if (this.#isOver) done()
    else this.#wire.write(NOTHING, true).then(() => done(), done)
  }

  override _destroy(error: Error | null, done: (error: Error | null) => void): void {
    this._read()
    if (!this.#isOver && !(this.readableEnded && this.writableFinished)) this.#wire.reset()
    this.#isOver = true
    done(error)
  }
}
