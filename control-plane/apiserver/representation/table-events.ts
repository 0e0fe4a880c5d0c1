import type { ApiObject } from '../../../api/meta/object.ts'
import { type EventEncoder, lineEncoder } from '../watch/frames.ts'
import type { MetaVersion } from './negotiate.ts'
import { definitionsOf, type IncludeObject, type TableKind, tableOf } from './table.ts'

/**
 * Where definitions of columns are missing in an event. It cannot be found in a text, where quotes are escaped, and what
 * is before it in a Table is a revision.
 */
const MISSING = Buffer.from('"columnDefinitions":null')

/** Events as Tables of one row. Columns are told of in the first event of a watch, whichever that is, and in no other. */
export function tableEncoder(kind: TableKind, include: IncludeObject, meta: MetaVersion): EventEncoder {
  const table = (object: ApiObject, resourceVersion: string) =>
    tableOf(kind, [{ object }], { resourceVersion }, include, meta, null)
  const encoder = lineEncoder(
    `table ${include} ${meta}`,
    entry => Buffer.from(JSON.stringify(table(entry.object, String(entry.revision)))),
    object => table(object, object.metadata.resourceVersion!),
  )
  return { ...encoder, open: lines => withDefinitions(lines, kind) }
}

/** An ERROR is left as it is: it is no Table, and the last event. */
function withDefinitions(lines: Buffer, kind: TableKind): Buffer {
  const start = lines.indexOf(MISSING)
  if (start < 0) return lines
  const definitions = Buffer.from(`"columnDefinitions":${JSON.stringify(definitionsOf(kind))}`)
  return Buffer.concat([lines.subarray(0, start), definitions, lines.subarray(start + MISSING.length)])
}
