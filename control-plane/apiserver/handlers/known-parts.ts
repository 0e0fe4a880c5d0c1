import { parseJson } from '../../../api/meta/json.ts'
import { cutMember, findKnown, findMember } from '../../../api/meta/json-text.ts'
import { keptSpec, type SpecText, withSpec } from '../../../api/meta/kept-spec.ts'
import { attachRecord, type ManagedRecord, recordOf } from '../../../api/meta/managed-fields/record.ts'
import type { ApiObject } from '../../../api/meta/object.ts'

/**
 * A body but for the parts of it that are those of the stored object, to the letter. Who changes an object sends back what it
 * read: its managedFields and most often its spec need not be parsed and checked again.
 */
export interface PartialBody {
  /** What the rest was parsed to. */
  object: ApiObject
  /** The JSON of the rest. */
  text: string
  spec: SpecText | undefined
  record: ManagedRecord | undefined
}

/** Undefined where a body is to be read as a whole: nothing in it is known, or it may have faults. */
export function readAroundKnown(body: string, stored: ApiObject): PartialBody | undefined {
  const record = recordOf(stored.metadata)
  const metadata = record.isEmpty ? undefined : findMember(body, 1, 'metadata')
  const recordAt = metadata && findKnown(body, metadata.value + 1, 'managedFields', record.text)
  const rest = recordAt ? cutMember(body, recordAt) : body
  const spec = keptSpec(stored)
  const specAt = spec && findKnown(rest, 1, 'spec', spec.text)
  if (!specAt && !recordAt) return undefined
  const text = specAt ? cutMember(rest, specAt) : rest
  const object = parse(text)
  // What is there twice was cut once.
  if (!object || (specAt && 'spec' in object) || (recordAt && object.metadata?.managedFields !== undefined)) {
    return undefined
  }
  return { object, text, spec: specAt && spec, record: recordAt && record }
}

/** The object of a body, with what is known of it. */
export function wholeObject({ object, spec, record }: PartialBody): ApiObject {
  if (record) attachRecord(object.metadata, record)
  return spec ? withSpec(object, spec) : object
}

function parse(text: string): ApiObject | undefined {
  try {
    const object = parseJson(text)
    return typeof object.apiVersion === 'string' && typeof object.kind === 'string' ? object : undefined
  } catch {
    return undefined
  }
}
