import test from 'ava'
import fc from 'fast-check'
import { capUpdaters } from '../../../../api/meta/managed-fields/cap.ts'
import { FieldSetError } from '../../../../api/meta/managed-fields/decode.ts'
import { decodeEntries } from '../../../../api/meta/managed-fields/entries.ts'
import { type FieldSet, isSameSet } from '../../../../api/meta/managed-fields/field-set.ts'
import { Owner } from '../../../../api/meta/managed-fields/owner.ts'
import {
  attachRecord,
  detachRecord,
  ManagedRecord,
  recordOf,
} from '../../../../api/meta/managed-fields/record.ts'
import type { ObjectMeta } from '../../../../api/meta/object.ts'
import { SEED } from '../../../helpers/seed.ts'

fc.configureGlobal(SEED)

const NASTY = ['}],"name":"', ',{"manager":"', ',"fieldsV1":{', '"', '\\', ']', 'ü', ',"subresource":"']

/** Anything a client may give, with texts that look like our own marks. */
const text = fc.oneof(fc.string({ minLength: 1 }), fc.constantFrom(...NASTY))

const entry = fc.record(
  {
    manager: text,
    operation: fc.constantFrom('Apply' as const, 'Update' as const),
    apiVersion: fc.constantFrom('v1', 'apps/v1'),
    time: fc.constantFrom('2026-01-01T00:00:00Z', '2026-01-01T00:00:01Z'),
    fieldsType: fc.constant('FieldsV1' as const),
    fieldsV1: fc.dictionary(
      text.map(name => `f:${name}`),
      fc.dictionary(
        fc.oneof(
          text.map(name => `f:${name}`),
          text.map(name => `k:{"name":${JSON.stringify(name)}}`),
        ),
        fc.constant({}),
        { maxKeys: 3 },
      ),
      { minKeys: 1, maxKeys: 3 },
    ),
    subresource: fc.option(text, { nil: undefined }),
  },
  { requiredKeys: ['manager', 'operation', 'apiVersion', 'fieldsType', 'fieldsV1'] },
)

test('a record is read back from its text as it was', t => {
  fc.assert(
    fc.property(fc.array(entry, { minLength: 1, maxLength: 5 }), entries => {
      const record = ManagedRecord.of(decodeEntries(entries))
      const again = ManagedRecord.read(() => record.text)
      t.is(JSON.stringify(again.entries()), JSON.stringify(record.entries()))
      t.is(again.owners.length, record.owners.length)
      for (const [i, owner] of again.owners.entries()) {
        const other = record.owners[i]!
        t.is(owner.manager, other.manager)
        t.is(owner.subresource, other.subresource)
        t.is(owner.time, other.time)
        t.true(isSameSet(owner.fields, other.fields))
        t.is(owner.text, other.text)
      }
    }),
  )
})

test('an owner that may own nothing of a set owns nothing of it', t => {
  fc.assert(
    fc.property(entry, entry, (a, b) => {
      const [left] = decodeEntries([a])
      const [right] = decodeEntries([b])
      const unread = Owner.read(left!.text)
      const rest = left!.without(right!.fields)
      if (!unread.mayOwn(right!.fields)) t.true(rest !== undefined && isSameSet(rest.fields, left!.fields))
      t.deepEqual(unread.without(right!.fields)?.fields, rest?.fields)
    }),
  )
})

test('metadata shows a record to all who look, and gives it up when it is written over', t => {
  const fields = { 'f:data': { 'f:a': {} } } as unknown as FieldSet
  const record = ManagedRecord.of([new Owner({ manager: 'm', operation: 'Apply', apiVersion: 'v1' }, fields)])
  const metadata = { name: 'x' } as ObjectMeta
  attachRecord(metadata, record)
  const shown = [
    { manager: 'm', operation: 'Apply', apiVersion: 'v1', fieldsType: 'FieldsV1', fieldsV1: fields },
  ]
  t.deepEqual(metadata.managedFields as unknown, shown)
  t.deepEqual(JSON.parse(JSON.stringify(metadata)), { name: 'x', managedFields: shown })
  t.deepEqual(structuredClone(metadata).managedFields as unknown, shown)
  t.is(recordOf(metadata), record)
  metadata.managedFields = []
  t.true(recordOf(metadata).isEmpty)
  attachRecord(metadata, record)
  detachRecord(metadata)
  t.deepEqual(metadata, { name: 'x' })
})

test('records are ordered: appliers, then by time, then by name', t => {
  const owner = (manager: string, operation: 'Apply' | 'Update', time: string) =>
    new Owner({ manager, operation, apiVersion: 'v1' }, { 'f:a': {} } as unknown as FieldSet, time)
  const record = ManagedRecord.of([
    owner('z', 'Update', '2026-01-01T00:00:00Z'),
    owner('b', 'Update', '2025-01-01T00:00:00Z'),
    owner('a', 'Update', '2026-01-01T00:00:00Z'),
    owner('late', 'Apply', '2027-01-01T00:00:00Z'),
  ])
  t.deepEqual(
    record.owners.map(({ manager }) => manager),
    ['late', 'b', 'a', 'z'],
  )
})

test('entries that are not valid are refused, odd but valid ones brought into form', t => {
  const valid = { manager: 'm', operation: 'Update', apiVersion: 'v1', fieldsType: 'FieldsV1' }
  for (const [wrong, why] of [
    [{ ...valid, operation: 'Delete' }, 'operation must be `Apply` or `Update`'],
    [{ ...valid, apiVersion: '' }, 'apiVersion must not be empty'],
    [{ ...valid, fieldsType: '' }, 'missing fieldsType in managed fields entry 0'],
    [{ ...valid, fieldsType: 'V2' }, 'invalid fieldsType "V2" in managed fields entry 0'],
    [{ ...valid, fieldsV1: { 'k:x': {} } }, undefined],
    [{ ...valid, fieldsV1: { 'f:a': 1 } }, undefined],
    [{ ...valid, fieldsV1: { nonsense: {} } }, undefined],
  ] as const) {
    const error = t.throws(() => decodeEntries([wrong]), { instanceOf: FieldSetError })
    if (why) t.is(error.message, why)
  }
  const [owner] = decodeEntries([{ ...valid, fieldsV1: { 'k:{ "b": 1, "a": "x" }': { '.': {} } } }])
  t.deepEqual(owner!.fields as unknown, { 'k:{"a":"x","b":1}': {} })
})

test('the oldest of too many updaters are put together, a bucket a version; appliers are not counted', t => {
  const owner = (i: number, apiVersion: string, operation: 'Apply' | 'Update' = 'Update') =>
    new Owner(
      { manager: `m${String(i).padStart(2, '0')}`, operation, apiVersion },
      { [`f:${operation}${i}`]: {} } as unknown as FieldSet,
      `2026-01-01T00:00:${String(i).padStart(2, '0')}Z`,
    )
  const updaters = Array.from({ length: 13 }, (_, i) => owner(i, i % 2 ? 'v1' : 'v2'))
  const appliers = Array.from({ length: 5 }, (_, i) => owner(i, 'v1', 'Apply'))
  const capped = capUpdaters([...updaters, ...appliers])
  t.is(capped.filter(({ operation }) => operation === 'Update').length, 10)
  t.is(capped.filter(({ operation }) => operation === 'Apply').length, 5)
  const members = capped.flatMap(({ fields }) => Object.keys(fields))
  t.is(new Set(members).size, 18)
  const buckets = capped.filter(({ manager }) => manager === 'ancient-changes')
  t.deepEqual(new Set(buckets.map(({ apiVersion }) => apiVersion)), new Set(['v1', 'v2']))
})
