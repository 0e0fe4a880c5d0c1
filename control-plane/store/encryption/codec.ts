import { type Document, REVISION_MARK, type StoredDocument, StoreError } from '../../../plugins/store.ts'
import { ownBytes, revisionOf } from '../documents.ts'
import type { Direction, EncryptionMetrics } from './metrics.ts'
import { ENCRYPTED, identity, type Transformer } from './transformers.ts'

const MARK = Buffer.from(REVISION_MARK)
/** What upstream calls the providers in its messages. */
const SHOWN: Record<string, string> = { aesgcm: 'AES', aescbc: 'AES', secretbox: 'Secretbox' }

/** A stored document and who reads it. */
interface Found<T> {
  document: T
  isPlain: boolean
  reader: Transformer | undefined
  /** What the reader made of the document. */
  hidden: Buffer
}

/** Encrypts and decrypts the documents of one type. */
export class Codec {
  #type: string
  #writer: Transformer
  #readers: readonly Transformer[]
  #metrics: EncryptionMetrics | undefined

  /** The first transformer writes, all of them read. */
  constructor(type: string, transformers: readonly Transformer[], metrics?: EncryptionMetrics) {
    this.#type = type
    this.#writer = transformers[0]!
    this.#readers = transformers
    this.#metrics = metrics
  }

  encode(key: string, document: Document): Document {
    const writer = this.#writer
    if (writer === identity) return document
    const plain = Buffer.concat([Buffer.from(document.head), document.tail])
    try {
      const hidden = this.#timed('to_storage', writer, () => writer.encrypt(plain, this.#context(key)))
      return { head: writer.prefix + REVISION_MARK, tail: Buffer.concat([Buffer.from('"'), hidden]) }
    } catch (cause) {
      throw new StoreError('unreadable', (cause as Error).message, { cause })
    }
  }

  /** Of many documents; at once unless keys must be fetched first. */
  decodeAll<T extends StoredDocument>(documents: T[]): T[] | Promise<T[]> {
    const found = documents.map(document => this.#find(document))
    const waits = found.map(each => this.#prepare(each)).filter(wait => wait !== undefined)
    if (waits.length === 0) return found.map(each => this.#decode(each))
    return Promise.all(waits).then(() => found.map(each => this.#decode(each)))
  }

  async decode<T extends StoredDocument>(document: T): Promise<T> {
    const found = this.#find(document)
    await this.#prepare(found)
    return this.#decode(found)
  }

  #find<T extends StoredDocument>(document: T): Found<T> {
    const { bytes } = document
    const isPlain = !startsWith(bytes, ENCRYPTED)
    const reader = this.#readers.find(({ prefix }) => (prefix ? startsWith(bytes, prefix) : isPlain))
    return { document, isPlain, reader, hidden: reader && !isPlain ? hiddenOf(bytes, reader) : bytes }
  }

  #prepare({ document, reader, hidden }: Found<StoredDocument>): Promise<void> | undefined {
    return reader?.prepare?.(hidden)?.catch(cause => {
      throw this.#unreadable(document.key, cause.message)
    })
  }

  /** Says of a document that another provider or key would write today that it is stale, so that an update rewrites it. */
  #decode<T extends StoredDocument>({ document, isPlain, reader, hidden }: Found<T>): T {
    const { bytes, key } = document
    if (isPlain && this.#writer === identity) return document
    if (!reader) throw this.#unreadable(key, this.#whyNot(bytes, isPlain))
    if (isPlain) return { ...document, isStale: true }
    const shown = { ...document, bytes: this.#show(reader, key, bytes, hidden) }
    return reader !== this.#writer || reader.isStale?.(hidden) ? { ...shown, isStale: true } : shown
  }

  #whyNot(bytes: Buffer, isPlain: boolean): string {
    if (isPlain) return 'no matching prefix found: it is not encrypted, and there is no identity provider'
    const { provider, text } = makerOf(bytes)
    const start = `${ENCRYPTED}${provider}:`
    if (this.#readers.some(({ prefix }) => prefix.startsWith(start)) && SHOWN[provider])
      return `no matching key was found for the provided ${SHOWN[provider]} transformer: ${text}`
    if (this.#readers.includes(identity)) return `identity transformer tried to read encrypted data: ${text}`
    return `no matching prefix found: ${text}`
  }

  #show(reader: Transformer, key: string, bytes: Buffer, hidden: Buffer): Buffer {
    let plain: Buffer
    try {
      plain = this.#timed('from_storage', reader, () => reader.decrypt(hidden, this.#context(key)))
    } catch (cause) {
      const why = `${makerOf(bytes).text}, but the key of that name does not open it`
      throw this.#unreadable(key, `${why} (${(cause as Error).message})`)
    }
    const at = plain.indexOf(MARK) + MARK.length
    return ownBytes(plain.subarray(0, at), Buffer.from(String(revisionOf(bytes))), plain.subarray(at))
  }

  #timed<T>(direction: Direction, { prefix }: Transformer, work: () => T): T {
    const start = performance.now()
    let isOk = false
    try {
      const result = work()
      isOk = true
      return result
    } finally {
      this.#metrics?.transformed(direction, this.#type, prefix, isOk, (performance.now() - start) / 1_000)
    }
  }

  #context(key: string): string {
    return `${this.#type}/${key}`
  }

  #unreadable(key: string, fault: string): StoreError {
    return new StoreError('unreadable', `unable to transform key "${this.#context(key)}": ${fault}`)
  }
}

/** What the transformer made of a document. */
function hiddenOf(bytes: Buffer, { prefix }: Transformer): Buffer {
  const digits = String(revisionOf(bytes)).length
  return bytes.subarray(prefix.length + MARK.length + digits + 1)
}

function startsWith(bytes: Buffer, prefix: string): boolean {
  return bytes.length >= prefix.length && bytes.toString('latin1', 0, prefix.length) === prefix
}

/** What an encrypted value says it was made by: provider and name of the key. */
function makerOf(bytes: Buffer): { provider: string; text: string } {
  const [, , provider = '?', , key = '?'] = bytes.toString('latin1', 0, 128).split(':')
  return { provider, text: `it was made by ${provider} with key ${key}` }
}
