import { parseJsonBytes } from '../../../api/meta/json.ts'
import type { ApiObject } from '../../../api/meta/object.ts'
import type {
  Change,
  Document,
  Snapshot,
  StoredDocument,
  StorePlugin,
  WriteResult,
} from '../../../plugins/store.ts'
import { encode } from '../rest/encode.ts'

/** How the documents of a type in the store look in one served version. */
export interface View {
  /** The type in the store. */
  type: string
  /** Brings documents to the served version; their keys, revisions and order stay. Rejects when they cannot be converted. */
  read<D extends StoredDocument>(documents: readonly D[]): D[] | Promise<D[]>
  /** Brings a document to the version that is stored. */
  write(document: Document): Document | Promise<Document>
  /** Told of a document that was stored as it was given: it need not be read when it comes back. */
  wrote(revision: number, bytes: Buffer): void
}

/**
 * A store of which some types are views of others: a custom resource is stored in one version and served in several. All
 * else (handlers, watch caches) works with views as with any type.
 */
export class ViewStore implements StorePlugin {
  readonly name: string
  #store: StorePlugin
  #views = new Map<string, View>()

  constructor(store: StorePlugin) {
    this.name = store.name
    this.#store = store
  }

  define(name: string, view: View): void {
    this.#views.set(name, view)
  }

  forget(name: string): void {
    this.#views.delete(name)
  }

  /** An object of one view as another one of the same type shows it. It is left alone. */
  async convert(object: ApiObject, from: string, to: string): Promise<ApiObject> {
    const [source, target] = [this.#views.get(from)!, this.#views.get(to)!]
    const { head, tail } = await source.write(encode(object))
    const bytes = Buffer.concat([Buffer.from(`${head}0`), tail])
    const [shown] = await target.read([{ key: '', revision: 0, bytes }])
    const { metadata, ...rest } = parseJsonBytes(shown!.bytes) as ApiObject
    return {
      ...rest,
      metadata: { ...metadata, resourceVersion: object.metadata.resourceVersion },
    } as ApiObject
  }

  async get(type: string, key: string): Promise<StoredDocument | undefined> {
    const view = this.#views.get(type)
    if (!view) return await this.#store.get(type, key)
    const found = await this.#store.get(view.type, key)
    return found && (await readOne(view, found))
  }

  async snapshot(type: string): Promise<Snapshot> {
    const view = this.#views.get(type)
    if (!view) return await this.#store.snapshot(type)
    const { revision, documents } = await this.#store.snapshot(view.type)
    return { revision, documents: await view.read(documents) }
  }

  revision(type: string): Promise<number> {
    return this.#store.revision(this.#views.get(type)?.type ?? type)
  }

  put(type: string, key: string, expected: number, document: Document): Promise<WriteResult> {
    const view = this.#views.get(type)
    return view
      ? this.#putView(view, key, expected, document)
      : this.#store.put(type, key, expected, document)
  }

  async #putView(view: View, key: string, expected: number, document: Document): Promise<WriteResult> {
    const stored = await view.write(document)
    const result = await this.#store.put(view.type, key, expected, stored)
    if (!result.ok || stored !== document) return await readResult(view, key, result)
    view.wrote(result.revision, result.bytes)
    return result
  }

  async delete(type: string, key: string, expected: number): Promise<WriteResult> {
    const view = this.#views.get(type)
    if (!view) return await this.#store.delete(type, key, expected)
    return await readResult(view, key, await this.#store.delete(view.type, key, expected))
  }

  async log(type: string, after: number, limit: number): Promise<Change[]> {
    const view = this.#views.get(type)
    if (!view) return await this.#store.log(type, after, limit)
    return await view.read(await this.#store.log(view.type, after, limit))
  }

  subscribe(type: string, after: number, listener: Parameters<StorePlugin['subscribe']>[2]): () => void {
    const view = this.#views.get(type)
    if (!view) return this.#store.subscribe(type, after, listener)
    let isOver = false
    const end = () => {
      isOver = true
      unsubscribe()
    }
    /** Batches stay in order though a conversion takes its time; one that fails ends the subscription. */
    let last: Promise<void> | undefined
    const deliver = async (reading: Promise<Change[]>): Promise<void> => {
      try {
        const changes = await reading
        if (!isOver) listener.changes(changes)
      } catch {
        if (isOver) return
        end()
        listener.lost()
      }
    }
    const unsubscribe = this.#store.subscribe(view.type, after, {
      changes(batch) {
        const reading = last ? last.then(() => view.read(batch)) : view.read(batch)
        if (Array.isArray(reading)) return listener.changes(reading)
        const mine = deliver(reading)
        last = mine
        void mine.then(() => {
          if (last === mine) last = undefined
        })
      },
      lost() {
        isOver = true
        listener.lost()
      },
    })
    return end
  }

  drop(type: string): Promise<void> {
    return this.#store.drop(this.#views.get(type)?.type ?? type)
  }

  ping(): Promise<void> {
    return this.#store.ping()
  }

  close(): Promise<void> {
    return this.#store.close()
  }
}

async function readOne<D extends StoredDocument>(view: View, document: D): Promise<D> {
  return (await view.read([document]))[0]!
}

async function readResult(view: View, key: string, result: WriteResult): Promise<WriteResult> {
  if (!result.ok) return { ok: false, current: result.current && (await readOne(view, result.current)) }
  const { revision, bytes } = result
  return { ok: true, revision, bytes: (await readOne(view, { key, revision, bytes })).bytes }
}
