import type { Column, KindDeclaration } from '../../../api/kinds/kind.ts'
import { recordOf } from '../../../api/meta/managed-fields/record.ts'
import type { ApiObject, ListMeta } from '../../../api/meta/object.ts'
import { readPath } from '../../../api/meta/path.ts'
import { columnText } from '../../../api/schema/schemas.ts'
import { REVISION_MARK } from '../../../plugins/store.ts'
import { metadataText } from '../cache/document.ts'
import type { Entry } from '../cache/entry.ts'
import type { MetaVersion } from './negotiate.ts'

/** What a row carries of its object (`includeObject`). */
export type IncludeObject = 'None' | 'Metadata' | 'Object'

type TableKind = Pick<KindDeclaration, 'kind' | 'columns'>

/** A Table of meta.k8s.io. */
export interface Table {
  kind: 'Table'
  apiVersion: MetaVersion
  metadata: ListMeta
  columnDefinitions: object[]
  rows: object[]
}

/**
 * The columns of a kind with one row an object, as `kubectl get` prints it.
 * @param isDescribed the columns have their texts; events of watches do without, as they come often
 */
export function tableOf(
  kind: TableKind,
  entries: readonly Pick<Entry, 'object'>[],
  metadata: ListMeta,
  include: IncludeObject,
  meta: MetaVersion,
  isDescribed = true,
): Table {
  const now = new Date()
  return {
    kind: 'Table',
    apiVersion: meta,
    metadata,
    columnDefinitions: kind.columns.map(column => definition(column, isDescribed ? kind.kind : undefined)),
    rows: entries.map(entry => row(kind, entry.object, now, include, meta)),
  }
}

function definition(column: Column, kind: string | undefined): object {
  const { name, type, format = '', priority = 0 } = column
  const description = column.description ?? (kind === undefined ? '' : (columnText(kind, name) ?? ''))
  return { name, type, format, description, priority }
}

function row(
  kind: TableKind,
  object: ApiObject,
  now: Date,
  include: IncludeObject,
  meta: MetaVersion,
): object {
  const cells = kind.columns.map(column => cell(column, object, now))
  if (include === 'None') return { cells }
  return { cells, object: include === 'Object' ? object : partialMetadata(object, meta) }
}

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
