import {
  type Change,
  type ChangeListener,
  type Document,
  REVISION_MARK,
  type StoredDocument,
  StoreError,
  type StorePlugin,
  type WriteResult,
} from '../../../plugins/store.ts'
import { revisionOf } from '../documents.ts'
import { type EncryptionRule, ruleFor } from './configuration.ts'
import { ENCRYPTED, identity, type Transformer } from './transformers.ts'

const MARK = Buffer.from(REVISION_MARK)

/**
 * A store whose documents lie encrypted in another. Of a document only its revision stays readable, as the store under it
 * puts that in: what is stored is `prefix + "resourceVersion":"42" + encrypted(head + tail)`.
 */
export function encryptingStore(store: StorePlugin, rules: readonly EncryptionRule[]): StorePlugin {
  const codecs = new Map<string, Codec>()
  const codec = (type: string): Codec => {
    let found = codecs.get(type)
    if (!found) {
      found = new Codec(type, ruleFor(rules, type)?.transformers ?? [identity])
      codecs.set(type, found)
    }
    return found
  }
  const { types, advance } = store
  return {
    name: store.name,
    async get(type, key) {
      const document = await store.get(type, key)
      return document && codec(type).decode(document)
    },
    async snapshot(type) {
      const { revision, documents } = await store.snapshot(type)
      return { revision, documents: documents.map(document => codec(type).decode(document)) }
    },
    revision: type => store.revision(type),
    async put(type, key, expected, document) {
      const result = await store.put(type, key, expected, codec(type).encode(key, document))
      return result.ok ? written(result.revision, document) : codec(type).refused(result)
    },
    async delete(type, key, expected) {
      const result = await store.delete(type, key, expected)
      if (!result.ok) return codec(type).refused(result)
      return { ...result, bytes: codec(type).decode({ key, ...result }).bytes }
    },
    async log(type, after, limit) {
      return (await store.log(type, after, limit)).map(change => codec(type).decode(change))
    },
    subscribe: (type, after, listener) => store.subscribe(type, after, codec(type).listener(listener)),
    ...(types && { types: () => types.call(store) }),
    ...(advance && { advance: (type, revision) => advance.call(store, type, revision) }),
    drop: type => store.drop(type),
    ping: () => store.ping(),
    close: () => store.close(),
  }
}

function written(revision: number, { head, tail }: Document): WriteResult {
  return { ok: true, revision, bytes: Buffer.concat([Buffer.from(head + revision), tail]) }
}

/** Encrypts and decrypts the documents of one type. */
class Codec {
  #type: string
  #writer: Transformer
  #readers: Transformer[]

  constructor(type: string, transformers: Transformer[]) {
    this.#type = type
    this.#writer = transformers[0]!
    this.#readers = transformers
  }

  encode(key: string, document: Document): Document {
    const { prefix } = this.#writer
    if (!prefix) return document
    const plain = Buffer.concat([Buffer.from(document.head), document.tail])
    const hidden = this.#writer.encrypt(plain, this.#context(key))
    return { head: prefix + REVISION_MARK, tail: Buffer.concat([Buffer.from('"'), hidden]) }
  }

  /** Says of a document that another provider or key would write today that it is stale, so that an update rewrites it. */
  decode<T extends StoredDocument>(document: T): T {
    const { bytes, key } = document
    const isPlain = !startsWith(bytes, ENCRYPTED)
    if (isPlain && this.#writer === identity) return document
    const reader = this.#readers.find(({ prefix }) => (prefix ? startsWith(bytes, prefix) : isPlain))
    if (!reader) {
      const found = isPlain ? 'it is not encrypted, and there is no identity provider' : providerOf(bytes)
      throw this.#unreadable(key, `no matching provider in the EncryptionConfiguration: ${found}`)
    }
    const isStale = reader !== this.#writer
    const shown = isPlain ? document : { ...document, bytes: this.#show(reader, key, bytes) }
    return isStale ? { ...shown, isStale } : shown
  }

  refused(result: { ok: false; current: StoredDocument | undefined }): WriteResult {
    return { ok: false, current: result.current && this.decode(result.current) }
  }

  listener(listener: ChangeListener): ChangeListener {
    return {
      changes: batch => listener.changes(batch.map((change): Change => this.decode(change))),
      lost: () => listener.lost(),
    }
  }

  #show(reader: Transformer, key: string, bytes: Buffer): Buffer {
    const digits = String(revisionOf(bytes))
    const hidden = bytes.subarray(reader.prefix.length + MARK.length + digits.length + 1)
    let plain: Buffer
    try {
      plain = reader.decrypt(hidden, this.#context(key))
    } catch (cause) {
      const why = `${providerOf(bytes)}, but the key of that name does not open it`
      throw this.#unreadable(key, `${why} (${(cause as Error).message})`)
    }
    const at = plain.indexOf(MARK) + MARK.length
    return Buffer.concat([plain.subarray(0, at), Buffer.from(digits), plain.subarray(at)])
  }

  #context(key: string): string {
    return `${this.#type}/${key}`
  }

  #unreadable(key: string, fault: string): StoreError {
    return new StoreError('unreadable', `unable to transform key "${this.#context(key)}": ${fault}`)
  }
}

function startsWith(bytes: Buffer, prefix: string): boolean {
  return bytes.length >= prefix.length && bytes.toString('latin1', 0, prefix.length) === prefix
}

/** What an encrypted value says it was made by: provider and name of the key. */
function providerOf(bytes: Buffer): string {
  const [, , provider = '?', , key = '?'] = bytes.toString('latin1', 0, 128).split(':')
  return `it was made by ${provider} with key ${key}`
}
