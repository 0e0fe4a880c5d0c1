import test from 'ava'
import type { JsonSchemaProps } from '../../../api/kinds/apiextensions.ts'
import { customSchemas } from '../../../api/schema/openapi/custom-schema.ts'
import { type Dialect, v2, v3 } from '../../../api/schema/openapi/property-schema.ts'
import { loadSchemas } from '../../../api/schema/schemas.ts'

const schemas = loadSchemas()
const NAME = 'com.example.v1.Thing'

function shown(schema: JsonSchemaProps | undefined, dialect: Dialect): any {
  schemas.custom.set(NAME, {
    group: 'example.com',
    version: 'v1',
    kind: 'Thing',
    listKind: 'ThingList',
    plural: 'things',
    schema,
    stamp: '1',
  })
  return customSchemas(schemas, dialect, {})[NAME]
}

const spec = (properties: Record<string, JsonSchemaProps>, more: JsonSchemaProps = {}): JsonSchemaProps => ({
  type: 'object',
  properties: { spec: { type: 'object', properties, ...more } },
})
const specOf = (properties: Record<string, JsonSchemaProps>, dialect: Dialect, more?: JsonSchemaProps) =>
  shown(spec(properties, more), dialect).properties.spec
const OPEN = { 'x-kubernetes-preserve-unknown-fields': true } as const

// Found by upstream's conformance tests: kubectl refused null where anything may stand.
test('v2: where unknown fields are kept nothing is said of type and properties', t => {
  const open = { type: 'object', description: 'd', ...OPEN, properties: { a: { type: 'string' } } }
  t.deepEqual(specOf({ open }, v2).properties.open, { description: 'd', ...OPEN })
  t.deepEqual(specOf({ open }, v3).properties.open, open)
  const list = { type: 'array', ...OPEN, items: { type: 'string' } }
  t.deepEqual(specOf({ list }, v2).properties.list, OPEN)
})

test('v2: what may be null has no type and is not required', t => {
  const properties = { a: { type: 'string', nullable: true, default: 'x' }, b: { type: 'string' } }
  t.deepEqual(specOf(properties, v2, { required: ['a', 'b'] }), {
    type: 'object',
    properties: { a: { default: 'x' }, b: { type: 'string' } },
    required: ['b'],
  })
  const map = { type: 'object', additionalProperties: { type: 'string', nullable: true }, required: ['a'] }
  t.deepEqual(specOf({ map }, v2).properties.map, { type: 'object', additionalProperties: {} })
})

test('v2: a kind that keeps unknown fields at its root is shown as an object and no more', t => {
  const root = { type: 'object', ...OPEN, properties: { spec: { type: 'object' } } }
  const groupVersionKind = [{ group: 'example.com', version: 'v1', kind: 'Thing' }]
  const expected = { type: 'object', 'x-kubernetes-group-version-kind': groupVersionKind }
  t.deepEqual(shown(root, v2), expected)
  t.deepEqual(shown(undefined, v2), expected)
  t.truthy(shown(root, v3).properties.metadata)
})

test('an object inside the object has type and metadata, unless more may stand there', t => {
  const embedded = { type: 'object', 'x-kubernetes-embedded-resource': true }
  const { properties, required } = specOf({ embedded }, v2).properties.embedded
  t.deepEqual(Object.keys(properties), ['apiVersion', 'kind', 'metadata'])
  t.deepEqual(required, ['kind', 'apiVersion'])
  t.is(specOf({ embedded: { ...embedded, ...OPEN } }, v2).properties.embedded.properties, undefined)
  t.truthy(specOf({ embedded: { ...embedded, ...OPEN } }, v3).properties.embedded.properties.kind)
})
