import type {
  Change,
  ChangeListener,
  Document,
  StoredDocument,
  StorePlugin,
  WriteResult,
} from '../../../plugins/store.ts'
import { ownBytes } from '../documents.ts'
import { Codec } from './codec.ts'
import type { Encryption } from './encryption.ts'
import type { EncryptionMetrics } from './metrics.ts'

/** A listener of changes that are decrypted in their order, also where keys must be fetched first. */
function decryptingListener(codec: () => Codec, listener: ChangeListener): ChangeListener {
  /** Batches that wait for keys; undefined while there are none. */
  let waiting: Promise<void> | undefined
  let isLost = false
  const later = (batch: Change[]) => {
    const turn = (waiting ?? Promise.resolve())
      .then(async () => {
        if (!isLost) listener.changes(await codec().decodeAll(batch))
      })
      .catch(() => {
        if (!isLost) listener.lost()
        isLost = true
      })
      .then(() => {
        if (waiting === turn) waiting = undefined
      })
    waiting = turn
  }
  return {
    changes(batch) {
      const decoded = waiting ? undefined : codec().decodeAll(batch)
      if (Array.isArray(decoded)) listener.changes(decoded)
      else later(batch)
    },
    lost() {
      isLost = true
      listener.lost()
    },
  }
}

/**
 * A store whose documents lie encrypted in another. Of a document only its revision stays readable, as the store under it
 * puts that in: what is stored is `prefix + "resourceVersion":"42" + encrypted(head + tail)`.
 */
export function encryptingStore(
  store: StorePlugin,
  encryption: Encryption,
  metrics?: EncryptionMetrics,
): StorePlugin {
  const codecs = new Map<string, Codec>()
  let { generation } = encryption
  const codec = (type: string): Codec => {
    if (generation !== encryption.generation) {
      codecs.clear()
      generation = encryption.generation
    }
    let found = codecs.get(type)
    if (!found) {
      found = new Codec(type, encryption.transformersOf(type), metrics)
      codecs.set(type, found)
    }
    return found
  }
  const { types, advance, size } = store
  const refused = async (type: string, result: WriteResult & { ok: false }): Promise<WriteResult> => {
    const current = result.current && (await codec(type).decode(result.current))
    return { ok: false, current }
  }
  return {
    name: store.name,
    async get(type, key) {
      const document = await store.get(type, key)
      return document && (await codec(type).decode(document))
    },
    async snapshot(type) {
      const { revision, documents } = await store.snapshot(type)
      return { revision, documents: await codec(type).decodeAll(documents) }
    },
    revision: type => store.revision(type),
    async put(type, key, expected, document) {
      const result = await store.put(type, key, expected, codec(type).encode(key, document))
      return result.ok ? written(result.revision, document) : await refused(type, result)
    },
    async delete(type, key, expected) {
      const result = await store.delete(type, key, expected)
      if (!result.ok) return await refused(type, result)
      const { bytes } = await codec(type).decode({ key, ...result } as StoredDocument)
      return { ...result, bytes }
    },
    async log(type, after, limit) {
      return await codec(type).decodeAll(await store.log(type, after, limit))
    },
    subscribe: (type, after, listener) =>
      store.subscribe(
        type,
        after,
        decryptingListener(() => codec(type), listener),
      ),
    ...(types && { types: () => types.call(store) }),
    ...(advance && { advance: (type, revision) => advance.call(store, type, revision) }),
    ...(size && { size: () => size.call(store) }),
    drop: type => store.drop(type),
    ping: () => store.ping(),
    close: () => store.close(),
  }
}

function written(revision: number, { head, tail }: Document): WriteResult {
  return { ok: true, revision, bytes: ownBytes(Buffer.from(head + revision), tail) }
}
