import test from 'ava'
import type { FieldSet } from '../../../../api/meta/managed-fields/field-set.ts'
import { pathTexts } from '../../../../api/meta/managed-fields/path-text.ts'
import { type OpenApiSchema, openApiType } from '../../../../api/schema/merge/open-api-types.ts'
import { reconcileSet } from '../../../../api/schema/merge/reconcile.ts'

const typeOf = (map: OpenApiSchema, list: OpenApiSchema) =>
  openApiType({ type: 'object', properties: { map, list } }, { kind: 'map', fields: new Map() })

const string = { type: 'string' }
const items = { type: 'object', properties: { name: string, value: string } }
const granularMap: OpenApiSchema = { type: 'object', additionalProperties: string }
const granularList: OpenApiSchema = {
  type: 'array',
  'x-kubernetes-list-type': 'map',
  'x-kubernetes-list-map-keys': ['name'],
  items,
}
const granular = typeOf(granularMap, granularList)
const atomic = typeOf({ ...granularMap, 'x-kubernetes-map-type': 'atomic' }, { type: 'array', items })

const set = (value: object) => value as unknown as FieldSet

test('who owned parts of what became atomic owns it whole', t => {
  const before = set({
    'f:map': { 'f:a': {} },
    'f:list': { 'k:{"name":"x"}': { '.': {}, 'f:name': {} } },
  })
  t.deepEqual(pathTexts(reconcileSet(atomic, before)), ['.list', '.map'])
})

test('what fits the schema is left as it is, an empty map among it', t => {
  const fits = set({ 'f:map': { '.': {}, 'f:a': {} }, 'f:list': { 'k:{"name":"x"}': { '.': {} } } })
  t.is(reconcileSet(granular, fits), fits)
  const empty = set({ 'f:map': {} })
  t.is(reconcileSet(granular, empty), empty)
  const atoms = set({ 'f:map': {}, 'f:list': {} })
  t.is(reconcileSet(atomic, atoms), atoms)
})
