import type { JsonSchemaProps } from '../../../api/kinds/apiextensions.ts'
import { apiVersion } from '../../../api/kinds/kind.ts'
import { parseJson, parseJsonBytes } from '../../../api/meta/json.ts'
import type { ApiObject } from '../../../api/meta/object.ts'
import { applyDefaults } from '../../../api/schema/structural/default.ts'
import { prune } from '../../../api/schema/structural/prune.ts'
import type { StoredDocument } from '../../../plugins/store.ts'
import { encode } from '../rest/encode.ts'
import type { View } from './view-store.ts'

/** Brings objects of one kind to another version. The objects are the converter's own. Rejects when that fails. */
export type Converter = (objects: ApiObject[], toApiVersion: string) => ApiObject[] | Promise<ApiObject[]>

/** Objects that differ in nothing but their version. */
export const convertNothing: Converter = (objects, toApiVersion) => {
  for (const object of objects) object.apiVersion = toApiVersion
  return objects
}

export interface ViewOptions {
  /** Type of the resource in the store. */
  type: string
  group: string
  version: string
  storageVersion: string
  schemaOf(version: string): JsonSchemaProps | undefined
  convert: Converter
}

/**
 * One version of a custom resource over what is stored: objects of other versions are converted, and all are pruned and
 * defaulted by the schema as it is now, which may be younger than they are.
 */
export function createView(options: ViewOptions): View {
  const { type, group, version, storageVersion, schemaOf, convert } = options
  const served = apiVersion({ group, version })
  const stored = apiVersion({ group, version: storageVersion })
  const schema = schemaOf(version)
  const own = new Map<number, Buffer>()
  const finish = <D extends StoredDocument>(document: D, object: ApiObject): D => {
    const isForeign = isConverted(document, served)
    const isChanged = normalize(object, schema)
    return isForeign || isChanged ? { ...document, bytes: bytesOf(object, document.revision) } : document
  }
  const read = <D extends StoredDocument>(documents: readonly D[]): D[] | Promise<D[]> => {
    const objects = documents.map(({ bytes }) => parseJsonBytes(bytes) as ApiObject)
    const foreign = objects.filter(object => object.apiVersion !== served)
    const place = (converted: ApiObject[]): D[] => {
      const next = new Map(foreign.map((object, i) => [object, converted[i]!]))
      return documents.map((document, i) => finish(document, next.get(objects[i]!) ?? objects[i]!))
    }
    return then(foreign.length > 0 ? convert(foreign, served) : [], place)
  }
  return {
    type,
    read(documents) {
      const others = documents.filter(document => !isOwn(own, document))
      if (others.length === 0) return [...documents]
      const place = (found: typeof others) => {
        const next = new Map(others.map((document, i) => [document, found[i]!]))
        return documents.map(document => next.get(document) ?? document)
      }
      return then(read(others), place)
    },
    write(document) {
      if (version === storageVersion) return document
      const object = parseJson(`${document.head}0${document.tail}`) as ApiObject
      return then(convert([object], stored), ([converted]) => {
        normalize(converted!, schemaOf(storageVersion))
        return encode(converted!)
      })
    },
    wrote(revision, bytes) {
      if (own.size >= MOST_OWN) own.delete(own.keys().next().value!)
      own.set(revision, bytes)
    },
  }
}

/** So many of the latest writes are known again when they come back from the store. */
const MOST_OWN = 1_000

/** Whether a document is one that was written here a moment ago, as the schema wants it already. */
function isOwn(own: Map<number, Buffer>, { revision, bytes }: StoredDocument): boolean {
  const written = own.get(revision)
  return written?.equals(bytes) ?? false
}

/** Goes on at once with what is there already: most conversions wait for nobody. */
function then<T, R>(value: T | Promise<T>, next: (value: T) => R): R | Promise<R> {
  return value instanceof Promise ? value.then(next) : next(value)
}

/** Whether the stored bytes are of another version: the type stands at their beginning. */
function isConverted({ bytes }: StoredDocument, served: string): boolean {
  const head = `{"apiVersion":${JSON.stringify(served)}`
  return bytes.toString('utf8', 0, Buffer.byteLength(head)) !== head
}

function normalize(object: ApiObject, schema: JsonSchemaProps | undefined): boolean {
  const dropped = prune(object, schema)
  return applyDefaults(object, schema) || dropped.length > 0
}

function bytesOf(object: ApiObject, revision: number): Buffer {
  const { head, tail } = encode(object)
  return Buffer.concat([Buffer.from(`${head}${revision}`), tail])
}
