import test from 'ava'
import fc from 'fast-check'
import type { JsonSchemaProps } from '../../../../api/kinds/apiextensions.ts'
import { applyDefaults } from '../../../../api/schema/structural/default.ts'
import { prune } from '../../../../api/schema/structural/prune.ts'
import { validateValue } from '../../../../api/schema/structural/validate.ts'
import { SEED } from '../../../helpers/seed.ts'

fc.configureGlobal(SEED)

/** Schemas whose defaults are of their type, and objects that fit them more or less. */
const { schema } = fc.letrec<{ schema: JsonSchemaProps }>(tie => ({
  schema: fc.oneof(
    { maxDepth: 3 },
    fc.record<JsonSchemaProps>(
      { type: fc.constant('string'), default: fc.string(), nullable: fc.boolean() },
      { requiredKeys: ['type'] },
    ),
    fc.record<JsonSchemaProps>(
      { type: fc.constant('integer'), default: fc.integer() },
      { requiredKeys: ['type'] },
    ),
    fc.record<JsonSchemaProps>({ type: fc.constant('array'), items: tie('schema') }),
    fc.record<JsonSchemaProps>({ type: fc.constant('object'), additionalProperties: tie('schema') }),
    fc.record<JsonSchemaProps>({
      type: fc.constant('object'),
      properties: fc.dictionary(fc.constantFrom('a', 'b', 'c'), tie('schema')),
      'x-kubernetes-preserve-unknown-fields': fc.constantFrom(undefined as never, true),
    }),
  ),
}))

const value = fc.jsonValue({ maxDepth: 4 })
const object = fc.dictionary(fc.constantFrom('a', 'b', 'c', 'd'), value)
const root = (part: JsonSchemaProps): JsonSchemaProps => ({
  type: 'object',
  properties: { a: part, b: part },
})

test('pruning a second time takes nothing out', t => {
  fc.assert(
    fc.property(schema, object, (part, given) => {
      const once = structuredClone(given)
      prune(once, root(part))
      t.deepEqual(prune(structuredClone(once), root(part)), [])
    }),
  )
  t.pass()
})

test('pruning only ever takes out', t => {
  const isPart = (a: unknown, b: unknown): boolean => {
    if (typeof a !== 'object' || a === null) return Object.is(a, b)
    return (
      typeof b === 'object' &&
      b !== null &&
      Object.entries(a).every(([key, member]) => isPart(member, (b as Record<string, unknown>)[key]))
    )
  }
  fc.assert(
    fc.property(schema, object, (part, given) => {
      const pruned = structuredClone(given)
      prune(pruned, root(part))
      return isPart(pruned, given)
    }),
  )
  t.pass()
})

test('defaulting a second time changes nothing', t => {
  fc.assert(
    fc.property(schema, object, (part, given) => {
      const once = structuredClone(given)
      applyDefaults(once, root(part))
      const twice = structuredClone(once)
      return !applyDefaults(twice, root(part)) && JSON.stringify(twice) === JSON.stringify(once)
    }),
  )
  t.pass()
})

test('what defaults fill in is valid', t => {
  fc.assert(
    fc.property(schema, part => {
      const filled = {}
      applyDefaults(filled, root(part))
      return validateValue(filled, root(part), '').length === 0
    }),
  )
  t.pass()
})

test('what was valid and did not change is not found fault with', t => {
  fc.assert(
    fc.property(schema, object, (part, given) => validateValue(given, root(part), '', given).length === 0),
  )
  t.pass()
})

test('nulls go where none is allowed, give way to defaults, and stay where they may', t => {
  const properties = {
    plain: { type: 'string' },
    defaulted: { type: 'string', default: 'x' },
    nullable: { type: 'string', nullable: true, default: 'x' },
  }
  const given = { plain: null, defaulted: null, nullable: null }
  t.true(applyDefaults(given, { type: 'object', properties }))
  t.deepEqual(given as object, { defaulted: 'x', nullable: null })
})

test('unknown fields stay where they are preserved, and known ones inside are pruned', t => {
  const inner = { type: 'object', properties: { known: { type: 'string' } } }
  const open = { type: 'object', 'x-kubernetes-preserve-unknown-fields': true, properties: { inner } }
  const given = { spec: { any: { thing: 1 }, inner: { known: 'a', other: 1 } }, lost: 1 }
  t.deepEqual(prune(given, { type: 'object', properties: { spec: open } }), ['spec.inner.other', 'lost'])
  t.deepEqual(given as object, { spec: { any: { thing: 1 }, inner: { known: 'a' } } })
})

test('objects inside keep their type and metadata', t => {
  const embedded = {
    type: 'object',
    'x-kubernetes-embedded-resource': true,
    properties: { x: { type: 'string' } },
  }
  const given = { pod: { apiVersion: 'v1', kind: 'Pod', metadata: { name: 'a' }, x: 'y', z: 1 } }
  t.deepEqual(prune(given, { type: 'object', properties: { pod: embedded } }), ['pod.z'])
})
