/** Told of what arrives. */
export interface ReplyListener {
  /** A part of the body: `buffer` from `start` to `end`, good for as long as the call. */
  data(buffer: Buffer, start: number, end: number): void
  end(status: number): void
}

const HEAD_END = Buffer.from('\r\n\r\n')
const NEWLINE = 10
const NOTHING = Buffer.alloc(0)

/** Reads answers of HTTP/1.1, one after the other, as far as a benchmark has to: lengths and chunks. */
export class ReplyParser {
  listener: ReplyListener | undefined
  #rest: Buffer = NOTHING
  #status = 0
  /** Bytes of the body, or of its current chunk, that are still to come; -1 while a head or chunk line is awaited. */
  #left = -1
  #isChunked = false
  #isLast = false
  #inBody = false

  constructor(listener?: ReplyListener) {
    this.listener = listener
  }

  push(data: Buffer): void {
    const buffer = this.#rest.length > 0 ? Buffer.concat([this.#rest, data]) : data
    this.#rest = NOTHING
    for (let at = 0; at < buffer.length; ) {
      const used = this.#step(buffer, at)
      if (used === 0) {
        this.#rest = Buffer.from(buffer.subarray(at))
        return
      }
      at += used
    }
  }

  /** Takes in what it can from `at` on, without making views; returns how many bytes that were. */
  #step(buffer: Buffer, at: number): number {
    if (!this.#inBody) return this.#head(buffer, at)
    if (this.#left >= 0) return this.#body(buffer, at)
    return this.#chunkLine(buffer, at)
  }

  #head(buffer: Buffer, at: number): number {
    const end = buffer.indexOf(HEAD_END, at)
    if (end < 0) return 0
    const head = buffer.toString('latin1', at, end).toLowerCase()
    this.#status = Number(head.slice(9, 12))
    this.#isChunked = head.includes('transfer-encoding: chunked')
    this.#isLast = false
    this.#left = this.#isChunked ? -1 : Number(/content-length: (\d+)/.exec(head)?.[1] ?? 0)
    this.#inBody = true
    if (this.#left === 0) this.#finish()
    return end + HEAD_END.length - at
  }

  #body(buffer: Buffer, at: number): number {
    const length = Math.min(this.#left, buffer.length - at)
    this.listener?.data(buffer, at, at + length)
    this.#left -= length
    if (this.#left === 0 && !this.#isChunked) this.#finish()
    else if (this.#left === 0) this.#left = -1
    return length
  }

  /** `SIZE\r\n` before a chunk, `\r\n` after it; the empty chunk is the last. */
  #chunkLine(buffer: Buffer, at: number): number {
    const end = buffer.indexOf(NEWLINE, at)
    if (end < 0) return 0
    const line = buffer.toString('latin1', at, end).trim()
    if (line === '') {
      if (this.#isLast) this.#finish()
      return end + 1 - at
    }
    const size = Number.parseInt(line, 16)
    if (size === 0) this.#isLast = true
    else this.#left = size
    return end + 1 - at
  }

  #finish(): void {
    this.#inBody = false
    this.#left = -1
    this.listener?.end(this.#status)
  }
}
