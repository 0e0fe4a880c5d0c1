import type { Column, KindDeclaration } from '../../../api/kinds/kind.ts'
import { recordOf } from '../../../api/meta/managed-fields/record.ts'
import type { ApiObject, ListMeta } from '../../../api/meta/object.ts'
import { readPath } from '../../../api/meta/path.ts'
import { columnText } from '../../../api/schema/schemas.ts'
import { REVISION_MARK } from '../../../plugins/store.ts'
import { metadataText } from '../cache/document.ts'
import type { Entry } from '../cache/entry.ts'
import { STATE_END } from '../watch/frames.ts'
import type { MetaVersion } from './negotiate.ts'

/** What a row carries of its object (`includeObject`). */
export type IncludeObject = 'None' | 'Metadata' | 'Object'

export type TableKind = Pick<KindDeclaration, 'kind' | 'columns'>

/** A Table of meta.k8s.io. */
export interface Table {
  kind: 'Table'
  apiVersion: MetaVersion
  metadata: ListMeta
  /** `null` in all events of a watch but the first. */
  columnDefinitions: object[] | null
  rows: object[]
}

/**
 * The columns of a kind with one row an object, as `kubectl get` prints it.
 * @param columnDefinitions what is told of the columns; `null` to leave that out
 */
export function tableOf(
  kind: TableKind,
  entries: readonly Pick<Entry, 'object'>[],
  metadata: ListMeta,
  include: IncludeObject,
  meta: MetaVersion,
  columnDefinitions: object[] | null = definitionsOf(kind),
): Table {
  const now = new Date()
  return {
    kind: 'Table',
    apiVersion: meta,
    metadata,
    columnDefinitions,
    rows: entries.map(entry => row(kind, entry.object, now, include, meta)),
  }
}

/** What a Table tells of a kind's columns. */
export function definitionsOf({ kind, columns }: TableKind): object[] {
  return columns.map(({ name, type, format = '', description, priority = 0 }) => ({
    name,
    type,
    format,
    description: description ?? columnText(kind, name) ?? '',
    priority,
  }))
}

function row(
  kind: TableKind,
  object: ApiObject,
  now: Date,
  include: IncludeObject,
  meta: MetaVersion,
): object {
  const cells = kind.columns.map(column => cell(column, object, now))
  if (include === 'None' && !endsState(object)) return { cells, object: null }
  return { cells, object: include === 'Object' ? object : partialMetadata(object, meta) }
}

/** Whether it is of the bookmark that ends the state a watch begins with: that can be told by its metadata alone. */
const endsState = ({ metadata }: ApiObject): boolean => metadata.annotations?.[STATE_END] === 'true'

/** A column that fails on an odd object shows nothing; the others stand. */
function cell({ value }: Column, object: ApiObject, now: Date): unknown {
  try {
    return (typeof value === 'string' ? readPath(object, value) : value(object, now)) ?? null
  } catch {
    return null
  }
}

/** PartialObjectMetadata of an object. */
export function partialMetadata({ metadata }: ApiObject, meta: MetaVersion): object {
  return { kind: 'PartialObjectMetadata', apiVersion: meta, metadata }
}

/** {@link partialMetadata} as JSON, put together without reading managedFields. */
export function partialMetadataText({ metadata }: ApiObject, meta: MetaVersion): string {
  const text = `${REVISION_MARK}${metadata.resourceVersion}",${metadataText(metadata, recordOf(metadata))}`
  return `{"kind":"PartialObjectMetadata","apiVersion":"${meta}","metadata":{${text}}`
}
