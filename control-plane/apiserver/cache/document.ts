import { cloneJson } from '../../../api/meta/clone.ts'
import { attachedRecord, attachRecord, ManagedRecord } from '../../../api/meta/managed-fields/record.ts'
import type { ApiObject, ObjectMeta } from '../../../api/meta/object.ts'
import { REVISION_MARK } from '../../../plugins/store.ts'

/**
 * How objects are written: apiVersion, kind and metadata come first, in metadata the revision, then managedFields, then the
 * name. So managedFields, which are as large as all the rest and which few ask for, can be left out of what is parsed.
 */
const MANAGED = ',"managedFields":'
/** A list of managedFields ends nowhere but here: inside texts quotes are escaped, and entries have no lists. */
const AFTER_MANAGED = '],"name":"'
const QUOTE = 0x22

/** The JSON of metadata, without the brace and the revision it begins with. */
export function metadataText(metadata: ObjectMeta, record: ManagedRecord): string {
  const { name } = metadata
  const others: Record<string, unknown> = { name }
  for (const field in metadata) {
    if (field !== 'managedFields' && field !== 'resourceVersion') {
      others[field] = metadata[field as keyof ObjectMeta]
    }
  }
  const rest = JSON.stringify(others)
  return record.isEmpty ? rest.slice(1) : `${MANAGED.slice(1)}${record.text},${rest.slice(1)}`
}

/** Where managedFields stand in a document: from the comma in front to the end of the list. */
function managedRange(bytes: Buffer): { start: number; end: number } | undefined {
  const mark = bytes.indexOf(REVISION_MARK)
  const start = mark < 0 ? -1 : bytes.indexOf(QUOTE, mark + REVISION_MARK.length) + 1
  if (start <= 0 || bytes.toString('latin1', start, start + MANAGED.length) !== MANAGED) return undefined
  const end = bytes.indexOf(AFTER_MANAGED, start)
  return end < 0 ? undefined : { start, end: end + 1 }
}

/** The object of a document; its managedFields are read when somebody looks. */
export function parseDocument(bytes: Buffer): ApiObject {
  const range = managedRange(bytes)
  if (!range) return JSON.parse(bytes.toString())
  const { start, end } = range
  const object = parseAround(bytes, start, end)
  const read = () => bytes.toString('utf8', start + MANAGED.length, end)
  attachRecord(object.metadata, ManagedRecord.read(read))
  return object
}

/** The object of a document without its managedFields. */
export function parseWithoutManaged(bytes: Buffer): ApiObject {
  const range = managedRange(bytes)
  if (range) return parseAround(bytes, range.start, range.end)
  const object = JSON.parse(bytes.toString())
  if (object.metadata) delete object.metadata.managedFields
  return object
}

/** A copy of an object as it was written or parsed; its managedFields stay unread. */
export function copyObject(object: ApiObject): ApiObject {
  const copy = copyWithoutManaged(object)
  const { metadata } = object
  const record = attachedRecord(metadata)
  if (record) attachRecord(copy.metadata, record)
  else if (metadata.managedFields) copy.metadata.managedFields = cloneJson(metadata.managedFields)
  return copy
}

/** A copy of an object without its managedFields. */
export function copyWithoutManaged(object: ApiObject): ApiObject {
  const copy = {} as ApiObject
  for (const field in object) {
    copy[field] = field === 'metadata' ? copyMetadata(object.metadata) : cloneJson(object[field])
  }
  return copy
}

function copyMetadata(metadata: ObjectMeta): ObjectMeta {
  const copy: Record<string, unknown> = {}
  for (const field in metadata) {
    if (field !== 'managedFields') copy[field] = cloneJson(metadata[field as keyof ObjectMeta])
  }
  return copy as unknown as ObjectMeta
}

const parseAround = (bytes: Buffer, start: number, end: number): ApiObject =>
  JSON.parse(bytes.toString('utf8', 0, start) + bytes.toString('utf8', end))
