import type { JsonSchemaProps } from '../../../api/kinds/apiextensions.ts'
import { apiVersion } from '../../../api/kinds/kind.ts'
import type { ApiObject } from '../../../api/meta/object.ts'
import { applyDefaults } from '../../../api/schema/structural/default.ts'
import { prune } from '../../../api/schema/structural/prune.ts'
import type { Document, StoredDocument } from '../../../plugins/store.ts'
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
export function createView({ type, group, version, storageVersion, schemaOf, convert }: ViewOptions): View {
  const served = apiVersion({ group, version })
  const stored = apiVersion({ group, version: storageVersion })
  const schema = schemaOf(version)
  const finish = <D extends StoredDocument>(
    documents: readonly D[],
    objects: ApiObject[],
    before: ApiObject[],
  ) =>
    documents.map((document, i) => {
      const isSame = objects[i] === before[i] && !isConverted(document, served)
      const isChanged = normalize(objects[i]!, schema)
      return isSame && !isChanged ? document : { ...document, bytes: bytesOf(objects[i]!, document.revision) }
    })
  return {
    type,
    read(documents) {
      const objects = documents.map(({ bytes }) => JSON.parse(bytes.toString()) as ApiObject)
      const foreign = objects.filter(object => object.apiVersion !== served)
      if (foreign.length === 0) return finish(documents, objects, objects)
      const place = (converted: ApiObject[]) => {
        const next = converted.values()
        const all = objects.map(object => (foreign.includes(object) ? next.next().value! : object))
        return finish(documents, all, objects)
      }
      const converted = convert(foreign, served)
      return converted instanceof Promise ? converted.then(place) : place(converted)
    },
    write(document) {
      if (version === storageVersion) return document
      const object = JSON.parse(`${document.head}0${document.tail}`) as ApiObject
      const place = ([converted]: ApiObject[]): Document => {
        normalize(converted!, schemaOf(storageVersion))
        return encode(converted!)
      }
      const converted = convert([object], stored)
      return converted instanceof Promise ? converted.then(place) : place(converted)
    },
  }
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
