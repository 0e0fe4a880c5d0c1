import { cloneJson } from '../../../api/meta/clone.ts'
import { jsonParser, type ParseJson, parseJsonBytes } from '../../../api/meta/json.ts'
import { endOfContainer } from '../../../api/meta/json-text.ts'
import { attachSpec, keptSpec, SpecText } from '../../../api/meta/kept-spec.ts'
import { attachedRecord, attachRecord, ManagedRecord } from '../../../api/meta/managed-fields/record.ts'
import type { ApiObject, ObjectMeta } from '../../../api/meta/object.ts'
import { setOwn } from '../../../api/meta/patch/own.ts'
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
  for (const field of Object.keys(metadata)) {
    if (field !== 'managedFields' && field !== 'resourceVersion') {
      others[field] = metadata[field as keyof ObjectMeta]
    }
  }
  const rest = JSON.stringify(others)
  return record.isEmpty ? rest.slice(1) : `${MANAGED.slice(1)}${record.text},${rest.slice(1)}`
}

/** Where managedFields stand in a document: from the comma in front to the end of the list. */
interface ManagedRange {
  /** Behind the revision, inside of metadata. */
  start: number
  /** The same where there are none. */
  end: number
}

/** Undefined where a document is not written as we do. */
function managedRange(bytes: Buffer): ManagedRange | undefined {
  const mark = bytes.indexOf(REVISION_MARK)
  const start = mark < 0 ? -1 : bytes.indexOf(QUOTE, mark + REVISION_MARK.length) + 1
  if (start <= 0) return undefined
  if (bytes.toString('latin1', start, start + MANAGED.length) !== MANAGED) return { start, end: start }
  const end = bytes.indexOf(AFTER_MANAGED, start)
  return end < 0 ? undefined : { start, end: end + 1 }
}

/** Where the value of a spec stands, which follows the metadata. Bytes of a document. */
export interface SpecRange {
  start: number
  end: number
}

/** The object of a document; its managedFields and its spec are read when somebody looks. */
export function parseDocument(bytes: Buffer, spec?: SpecRange): ApiObject {
  const range = managedRange(bytes)
  if (!range) return parseJsonBytes(bytes)
  const object = parseAround(bytes, range, spec)
  const { start, end } = range
  if (start < end) {
    const read = () => bytes.toString('utf8', start + MANAGED.length, end)
    attachRecord(object.metadata, ManagedRecord.read(read))
  }
  return object
}

/** The object of a document without its managedFields. */
export function parseWithoutManaged(bytes: Buffer, spec?: SpecRange): ApiObject {
  const range = managedRange(bytes)
  const object = range ? parseAround(bytes, range, spec) : parseJsonBytes(bytes)
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

/** A copy of an object without its managedFields. A spec that is text stays so until somebody reads it. */
export function copyWithoutManaged(object: ApiObject): ApiObject {
  const copy = {} as ApiObject
  const spec = keptSpec(object)
  for (const field of Object.keys(object)) {
    if (field === 'spec' && spec) attachSpec(copy, spec)
    else setOwn(copy, field, field === 'metadata' ? copyMetadata(object.metadata) : cloneJson(object[field]))
  }
  return copy
}

function copyMetadata(metadata: ObjectMeta): ObjectMeta {
  const copy: Record<string, unknown> = {}
  for (const field of Object.keys(metadata)) {
    if (field !== 'managedFields') copy[field] = cloneJson(metadata[field as keyof ObjectMeta])
  }
  return copy as unknown as ObjectMeta
}

const SPEC = ',"spec":'

/** Reads a document but for its managedFields and, where it stands next to the metadata, its spec. */
function parseAround(bytes: Buffer, managed: ManagedRange, spec: SpecRange | undefined): ApiObject {
  const parse = jsonParser(bytes)
  const head = bytes.toString('utf8', 0, managed.start)
  if (spec) {
    const meta = bytes.toString('utf8', managed.end, spec.start - SPEC.length)
    return readParts(
      head + meta,
      bytes.toString('utf8', spec.start, spec.end),
      bytes.toString('utf8', spec.end),
      parse,
    )
  }
  const text = bytes.toString('utf8', managed.end)
  const found = specRange(head, text)
  if (!found) return parse(head + text)
  const { start, end } = found
  return readParts(head + text.slice(0, start - SPEC.length), text.slice(start, end), text.slice(end), parse)
}

/** An object from the text up to its spec, that of the spec, and the rest. */
function readParts(before: string, spec: string, after: string, parse: ParseJson): ApiObject {
  const rest: ApiObject = parse(before + after)
  const object = {} as ApiObject
  for (const field of Object.keys(rest)) {
    setOwn(object, field, rest[field])
    if (field === 'metadata') attachSpec(object, new SpecText(spec, parse))
  }
  return object
}

/** Where a spec stands in what follows a document's `head`, which ends inside of its metadata. */
function specRange(head: string, text: string): SpecRange | undefined {
  if (!head.includes(METADATA)) return undefined
  const before = endOfContainer(text, 0)
  if (before < 0 || !text.startsWith(`${SPEC}{`, before)) return undefined
  const start = before + SPEC.length
  const end = endOfContainer(text, start + 1)
  return end < 0 ? undefined : { start, end }
}

const METADATA = `"metadata":{${REVISION_MARK}`
