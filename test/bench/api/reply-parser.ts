/** Told of what arrives. */
export interface ReplyListener {
  data(chunk: Buffer): void
  end(status: number): void
}

const HEAD_END = Buffer.from('\r\n\r\n')

/** Reads answers of HTTP/1.1, one after the other, as far as a benchmark has to: lengths and chunks. */
export class ReplyParser {
  listener: ReplyListener | undefined
  #rest: Buffer = Buffer.alloc(0)
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
    let buffer = this.#rest.length > 0 ? Buffer.concat([this.#rest, data]) : data
    this.#rest = Buffer.alloc(0)
    while (buffer.length > 0) {
      const used = this.#step(buffer)
      if (used === 0) {
        this.#rest = Buffer.from(buffer)
        return
      }
      buffer = buffer.subarray(used)
    }
  }

  /** Takes in what it can; returns how many bytes that were. */
  #step(buffer: Buffer): number {
    if (!this.#inBody) return this.#head(buffer)
    if (this.#left >= 0) return this.#body(buffer)
    return this.#chunkLine(buffer)
  }

  #head(buffer: Buffer): number {
    const end = buffer.indexOf(HEAD_END)
    if (end < 0) return 0
    const head = buffer.toString('latin1', 0, end).toLowerCase()
    this.#status = Number(head.slice(9, 12))
    this.#isChunked = head.includes('transfer-encoding: chunked')
    this.#isLast = false
    this.#left = this.#isChunked ? -1 : Number(/content-length: (\d+)/.exec(head)?.[1] ?? 0)
    this.#inBody = true
    if (this.#left === 0) this.#finish()
    return end + HEAD_END.length
  }

  #body(buffer: Buffer): number {
    const length = Math.min(this.#left, buffer.length)
    this.listener?.data(buffer.subarray(0, length))
    this.#left -= length
    if (this.#left === 0 && !this.#isChunked) this.#finish()
    else if (this.#left === 0) this.#left = -1
    return length
  }

  /** `SIZE\r\n` before a chunk, `\r\n` after it; the empty chunk is the last. */
  #chunkLine(buffer: Buffer): number {
    const end = buffer.indexOf(10)
    if (end < 0) return 0
    const line = buffer.toString('latin1', 0, end).trim()
    if (line === '') {
      if (this.#isLast) this.#finish()
      return end + 1
    }
    const size = Number.parseInt(line, 16)
    if (size === 0) this.#isLast = true
    else this.#left = size
    return end + 1
  }

  #finish(): void {
    this.#inBody = false
    this.#left = -1
    this.listener?.end(this.#status)
  }
}
