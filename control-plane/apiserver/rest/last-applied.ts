import { parseJson } from '../../../api/meta/json.ts'
import { difference, type FieldSet, LEAF } from '../../../api/meta/managed-fields/field-set.ts'
import type { ApiObject } from '../../../api/meta/object.ts'
import { isMap } from '../../../api/meta/patch/own.ts'
import { compareValues } from '../../../api/schema/merge/compare.ts'
import { extractSet } from '../../../api/schema/merge/extract.ts'
import { MergeError, type MergeType } from '../../../api/schema/merge/merge-type.ts'
import { validateConfiguration } from '../../../api/schema/merge/validate.ts'

/** Where `kubectl apply` of before server-side apply keeps what it applied. */
export const LAST_APPLIED = 'kubectl.kubernetes.io/last-applied-configuration'

/** The applier whose objects are taken over from client-side apply, and kept so that they may go back. */
export const KUBECTL = 'kubectl'

/** Upstream's limit of all annotations of an object, bytes. */
const MOST_ANNOTATIONS = 256 * 1024

/**
 * Fields that client-side apply owned: what is in the last applied configuration and still so in the object. Taking them is
 * no conflict for kubectl.
 */
export function lastAppliedSet(type: MergeType, live: ApiObject): FieldSet {
  const config = parse(live.metadata.annotations?.[LAST_APPLIED])
  if (!config || config.apiVersion !== live.apiVersion || validateConfiguration(type, config).length > 0)
    return LEAF
  try {
    const { changed = LEAF, removed = LEAF } = compareValues(type, config, live) ?? {}
    return difference(difference(extractSet(type, config), changed), removed)
  } catch (error) {
    if (error instanceof MergeError) return LEAF
    throw error
  }
}

function parse(text: string | undefined): Record<string, unknown> | undefined {
  try {
    const value: unknown = parseJson(text ?? '')
    return isMap(value) ? value : undefined
  } catch {
    return undefined
  }
}

/** Writes a configuration into the annotation of an object that has one; one that is too long is taken out. */
export function updateLastApplied(object: ApiObject, config: ApiObject): void {
  const { annotations } = object.metadata
  if (!annotations?.[LAST_APPLIED]) return
  const copy = structuredClone(config)
  if (copy.metadata?.annotations) delete copy.metadata.annotations[LAST_APPLIED]
  const changed = { ...annotations, [LAST_APPLIED]: `${sortedJson(copy)}\n` }
  object.metadata.annotations = changed
  const size = Object.entries(changed).reduce(
    (sum, [key, value]) => sum + Buffer.byteLength(key) + Buffer.byteLength(value),
    0,
  )
  if (size > MOST_ANNOTATIONS) delete (changed as Record<string, string>)[LAST_APPLIED]
}

/** JSON with keys in order, as Go writes maps. */
const sortedJson = (value: unknown): string =>
  JSON.stringify(value, (_, member) =>
    isMap(member) ? Object.fromEntries(Object.entries(member).sort(([a], [b]) => (a < b ? -1 : 1))) : member,
  )
