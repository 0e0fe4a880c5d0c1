import test from 'ava'
import fc from 'fast-check'
import { compareValues } from '../../../../api/schema/merge/compare.ts'
import { DEDUCED, type KeyedType, mapOf, type SetType } from '../../../../api/schema/merge/merge-type.ts'
import { SEED } from '../../../helpers/seed.ts'

fc.configureGlobal(SEED)

const keyed: KeyedType = {
  kind: 'keyed',
  keys: [{ name: 'name' }, { name: 'protocol', default: 'TCP' }],
  element: mapOf(DEDUCED),
}
const set: SetType = { kind: 'set' }

const item = fc.record(
  {
    name: fc.constantFrom('a', 'b', 1),
    protocol: fc.constantFrom('TCP', 'UDP'),
    value: fc.oneof(
      fc.constantFrom(1, null),
      fc.dictionary(fc.constantFrom('x', 'y'), fc.constantFrom(1, 2)),
    ),
  },
  { requiredKeys: ['name'] },
)
const keyOf = ({ name, protocol = 'TCP' }: { name: unknown; protocol?: string }) => `${name} ${protocol}`

test('lists in one order are compared as lists in two', t => {
  const items = fc.uniqueArray(item, { selector: keyOf, minLength: 1, maxLength: 5 })
  fc.assert(
    fc.property(items, fc.array(fc.record({ value: fc.constantFrom(1, 2) })), (before, changes) => {
      const after = before.map((old, i) => ({ ...old, ...changes[i] }))
      const result = compareValues(keyed, before, after)
      t.deepEqual(result, compareValues(keyed, before.toReversed(), after))
      t.is(
        result === undefined,
        changes.slice(0, before.length).every((change, i) => before[i]!.value === change.value),
      )
    }),
  )
})

test('a key that has a default is the same where it is left out', t => {
  t.is(compareValues(keyed, [{ name: 'a' }], [{ name: 'a' }]), undefined)
  t.deepEqual(compareValues(keyed, [{ name: 'a' }], [{ name: 'a', protocol: 'TCP' }]), {
    changed: { 'k:{"name":"a","protocol":"TCP"}': { 'f:protocol': {} } },
  })
})

test('items that are there twice are compared as one', t => {
  const twice = [{ name: 'a' }, { name: 'a' }]
  t.is(compareValues(keyed, twice, structuredClone(twice)), undefined)
  t.deepEqual(compareValues(keyed, twice, [{ name: 'a' }, { name: 'a', x: 1 }]), {
    changed: { 'k:{"name":"a","protocol":"TCP"}': {} },
  })
})

test('sets of many and of few values are compared alike', t => {
  for (const count of [3, 30]) {
    const values = Array.from({ length: count }, (_, i) => `${i}`)
    t.is(compareValues(set, values, [...values]), undefined)
    t.deepEqual(compareValues(set, values, [...values, 'x']), { changed: { 'v:"x"': {} } })
    t.is(compareValues(set, [...values, '1'], [...values, '1']), undefined)
  }
})
