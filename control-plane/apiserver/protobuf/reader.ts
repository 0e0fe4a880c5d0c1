import { wholeNumber } from '../../../api/meta/json.ts'

/** Reads the wire format of protobuf (protobuf.dev, "Encoding"). Throws on data that is cut off. */
export class Reader {
  #data: Buffer
  #at = 0

  constructor(data: Buffer) {
    this.#data = data
  }

  get isAtEnd(): boolean {
    return this.#at >= this.#data.length
  }

  /** `type` is the message it is in. */
  tag(type = ''): { number: number; wireType: number } {
    const tag = Number(this.#varint())
    const [number, wireType] = [tag >>> 3, tag & 7]
    if (wireType === 4) throw new Error(`proto: ${short(type)}: wiretype end group for non-group`)
    if (number === 0) {
      throw new Error(`proto: ${short(type)}: illegal tag ${number} (wire type ${wireType})`)
    }
    return { number, wireType }
  }

  /** A signed integer or a boolean. */
  int(): number {
    return Number(BigInt.asIntN(64, this.#varint()))
  }

  /** A signed integer with all its digits. */
  int64(): number | bigint {
    return wholeNumber(BigInt.asIntN(64, this.#varint()))
  }

  double(): number {
    return this.#take(8).readDoubleLE()
  }

  bytes(): Buffer {
    const length = Number(BigInt.asIntN(64, this.#varint()))
    if (length < 0 || length >= 2 ** 63) throw new Error('proto: negative length found during unmarshaling')
    return this.#take(length)
  }

  string(): string {
    return this.bytes().toString()
  }

  skip(wireType: number): void {
    if (wireType === 0) this.#varint()
    else if (wireType === 1) this.#take(8)
    else if (wireType === 2) this.bytes()
    else if (wireType === 5) this.#take(4)
    else throw new Error(`proto: illegal wireType ${wireType}`)
  }

  #varint(): bigint {
    let low = 0
    for (let shift = 0; shift < 28; shift += 7) {
      const byte = this.#byte()
      low |= (byte & 0x7f) << shift
      if (byte < 0x80) return BigInt(low)
    }
    let value = BigInt(low)
    for (let shift = 28n; shift < 70n; shift += 7n) {
      const byte = this.#byte()
      value |= BigInt(byte & 0x7f) << shift
      if (byte < 0x80) return value
    }
    throw new Error('proto: integer overflow')
  }

  #byte(): number {
    if (this.#at >= this.#data.length) throw new Error('unexpected EOF')
    return this.#data[this.#at++]!
  }

  #take(length: number): Buffer {
    const end = this.#at + length
    if (end > this.#data.length) throw new Error('unexpected EOF')
    const taken = this.#data.subarray(this.#at, end)
    this.#at = end
    return taken
  }
}

const short = (type: string): string => type.slice(type.lastIndexOf('.') + 1)
