import type { Field, MapType, MergeType } from './merge-type.ts'

/** Metadata that is the server's own, or that every writer gives: nobody is recorded for it. */
const UNTRACKED = new Set([
  'name',
  'namespace',
  'creationTimestamp',
  'selfLink',
  'uid',
  'clusterName',
  'generation',
  'managedFields',
  'resourceVersion',
])

/** What of an object a request writes: all of it, all but the status, or only that and metadata. */
export type Scope = 'all' | 'main' | 'status'

const cache = new WeakMap<MergeType, Map<Scope, MapType>>()

/** The type of whole objects with what counts for ownership in one scope; made once a type. */
export function trackedType(type: MapType, scope: Scope): MapType {
  const known = cache.get(type) ?? new Map<Scope, MapType>()
  cache.set(type, known)
  let tracked = known.get(scope)
  if (!tracked) {
    tracked = makeTracked(type, scope)
    known.set(scope, tracked)
  }
  return tracked
}

function makeTracked({ fields, element }: MapType, scope: Scope): MapType {
  const tracked = [...fields].map(([name, field]): [string, Field] => {
    if (name === 'metadata') return [name, { ...field, type: trackedMetadata(field.type) }]
    return [name, isTracked(name, scope) ? field : { ...field, isUntracked: true }]
  })
  return {
    kind: 'map',
    fields: new Map(tracked),
    ...(element && scope !== 'status' && { element }),
  }
}

function isTracked(name: string, scope: Scope): boolean {
  if (name === 'apiVersion' || name === 'kind') return false
  return scope === 'all' || (name === 'status') === (scope === 'status')
}

function trackedMetadata(type: MergeType): MergeType {
  if (type.kind !== 'map') return type
  const fields = [...type.fields].map(([name, field]): [string, Field] => [
    name,
    UNTRACKED.has(name) ? { ...field, isUntracked: true } : field,
  ])
  return { kind: 'map', fields: new Map(fields) }
}
