import { cloneJson } from '../../../api/meta/clone.ts'
import type { ApiObject } from '../../../api/meta/object.ts'
import { ConvertedCache } from '../cache/converted-cache.ts'
import type { Entry } from '../cache/entry.ts'
import type { Resource } from '../kind-registry.ts'
import { checkType } from './metadata.ts'

/** The resource that is written to when this one is, and whose rules hold: another one for kinds that are views. */
export const storageOf = (resource: Resource): Resource => resource.storage ?? resource

/**
 * An object a client sent as the one to write to {@link storageOf}. The object is used up.
 * @throws StatusError 400 when it is of another kind
 */
export function toStored({ kind, storage, strategy }: Resource, object: ApiObject): ApiObject {
  if (!storage) return object
  checkType(kind, object)
  strategy.defaults?.(object)
  return kind.storedAs!.toStored(object)
}

/** What was written, in the form of the resource. */
export const fromStored = ({ cache }: Resource, entry: Entry): Entry =>
  cache instanceof ConvertedCache ? cache.converted(entry) : entry

/** The resource that serves the same objects in another version; undefined where that is not served. */
export const formAt = ({ forms }: Resource, apiVersion: string): Resource | undefined => forms.get(apiVersion)

/** An object of one served version in another one. It is left alone. */
export function convertForm(resource: Resource, object: ApiObject, from: string, to: string): ApiObject {
  if (from === to) return object
  const [source, target] = [formAt(resource, from)!.kind, formAt(resource, to)!.kind]
  const stored = source.storedAs ? source.storedAs.toStored(cloneJson(object)) : object
  return { ...(target.storedAs ? target.storedAs.fromStored(stored) : stored), apiVersion: to }
}
