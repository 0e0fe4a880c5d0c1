const FIRST_SIZE = 8 << 10
const BYTES_PER_CHAR = 3

/**
 * Writes the wire format of protobuf (protobuf.dev, "Encoding") from the end to the beginning: when the length of a
 * message has to be written, its content is there already.
 */
export class Writer {
  #data = Buffer.allocUnsafe(FIRST_SIZE)
  #at = FIRST_SIZE

  /** Bytes written so far. */
  get size(): number {
    return this.#data.length - this.#at
  }

  tag(number: number, wireType: number): void {
    this.uint((number << 3) | wireType)
  }

  /** The length of what was written since there were `before` bytes, and a tag for it. */
  close(number: number, before: number): void {
    this.uint(this.size - before)
    this.tag(number, LENGTH)
  }

  /** A whole number from 0. */
  uint(value: number): void {
    if (value < 0x80) {
      this.#room(1)
      this.#data[--this.#at] = value
      return
    }
    let length = 1
    for (let rest = Math.floor(value / 0x80); rest > 0; rest = Math.floor(rest / 0x80)) length++
    this.#room(length)
    this.#at -= length
    let at = this.#at
    for (let rest = value; ; rest = Math.floor(rest / 0x80)) {
      if (rest < 0x80) {
        this.#data[at] = rest
        return
      }
      this.#data[at++] = (rest % 0x80) | 0x80
    }
  }

  /** An int32 or int64; a negative one takes ten bytes. */
  int(value: number | bigint): void {
    if (typeof value === 'bigint') this.#large(BigInt.asUintN(64, value))
    else if (value >= 0) this.uint(value)
    else this.#large(BigInt.asUintN(64, BigInt(value)))
  }

  #large(value: bigint): void {
    const length = Math.ceil(value.toString(2).length / 7)
    this.#room(length)
    this.#at -= length
    let rest = value
    for (let i = 0; i < length - 1; i++, rest >>= 7n) this.#data[this.#at + i] = Number(rest & 0x7fn) | 0x80
    this.#data[this.#at + length - 1] = Number(rest)
  }

  double(value: number): void {
    this.#room(8)
    this.#at -= 8
    this.#data.writeDoubleLE(value, this.#at)
  }

  bytes(value: Buffer): void {
    this.#room(value.length)
    this.#at -= value.length
    value.copy(this.#data, this.#at)
  }

  string(value: string): void {
    if (value.length < SHORT && this.#ascii(value)) return
    const length = Buffer.byteLength(value)
    this.#room(length)
    this.#at -= length
    this.#data.write(value, this.#at)
  }

  /** What was written. The writer must not be used any more. */
  finish(): Buffer {
    return this.#data.subarray(this.#at)
  }

  /** Short texts are mostly names: copied here, without a call out of JavaScript. */
  #ascii(value: string): boolean {
    this.#room(value.length * BYTES_PER_CHAR)
    const start = this.#at - value.length
    for (let i = 0; i < value.length; i++) {
      const code = value.charCodeAt(i)
      if (code >= 0x80) return false
      this.#data[start + i] = code
    }
    this.#at = start
    return true
  }

  #room(length: number): void {
    if (length <= this.#at) return
    const size = Math.max(this.#data.length * 2, this.size + length)
    const grown = Buffer.allocUnsafe(size)
    const at = size - this.size
    this.#data.copy(grown, at, this.#at)
    this.#data = grown
    this.#at = at
  }
}

/** Wire types. */
export const VARINT = 0
export const FIXED64 = 1
export const LENGTH = 2
const SHORT = 48
