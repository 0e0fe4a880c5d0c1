import test from 'ava'
import fc from 'fast-check'
import { keptSpec } from '../../../../api/meta/kept-spec.ts'
import { Owner } from '../../../../api/meta/managed-fields/owner.ts'
import { attachRecord, ManagedRecord } from '../../../../api/meta/managed-fields/record.ts'
import {
  copyObject,
  parseDocument,
  parseWithoutManaged,
  type SpecRange,
} from '../../../../control-plane/apiserver/cache/document.ts'
import { encode } from '../../../../control-plane/apiserver/rest/encode.ts'
import { SEED } from '../../../helpers/seed.ts'

fc.configureGlobal(SEED)

const words = fc.oneof(
  fc.string(),
  fc.constantFrom(
    '"',
    '\\',
    '},"spec":{',
    '],"name":"',
    '"resourceVersion":"',
    'ä',
    '\u{1f600}',
    '"},"spec":{}}',
  ),
)
const map = fc.dictionary(
  words.filter(key => key !== '__proto__'),
  fc.jsonValue({ maxDepth: 3 }),
  { noNullPrototype: true },
)
const objects = fc
  .record(
    {
      metadata: fc.record({
        name: fc.constant('a'),
        labels: fc.dictionary(words, words, { noNullPrototype: true }),
        annotations: fc.dictionary(words, words, { noNullPrototype: true }),
      }),
      spec: fc.oneof(map, fc.jsonValue()),
      status: map,
      data: map,
    },
    { requiredKeys: ['metadata'] },
  )
  .map(rest => JSON.parse(JSON.stringify({ apiVersion: 'v1', kind: 'Test', ...rest })))

const owner = new Owner(
  { manager: 'm', operation: 'Update', apiVersion: 'v1' },
  '{"f:spec":{}}',
  '2025-01-01T00:00:00Z',
)

/** The bytes of an object as they are stored, managed or not. */
const stored = (object: any, isManaged: boolean): Buffer => storedWithSpec(object, isManaged).bytes

function storedWithSpec(object: any, isManaged: boolean): { bytes: Buffer; spec: SpecRange } {
  const written = { ...object, metadata: { ...object.metadata } }
  if (isManaged) attachRecord(written.metadata, ManagedRecord.of([owner]))
  const { head, tail, specStart, specEnd } = encode(written)
  const bytes = Buffer.concat([Buffer.from(`${head}12`), tail])
  const offset = bytes.length - tail.length
  return { bytes, spec: { start: offset + specStart, end: offset + specEnd } }
}

test('a document is read as JSON would, in whatever parts', t => {
  fc.assert(
    fc.property(objects, fc.boolean(), (object, isManaged) => {
      const bytes = stored(object, isManaged)
      const expected = JSON.parse(bytes.toString())
      t.is(JSON.stringify(parseDocument(bytes).spec), JSON.stringify(expected.spec))
      t.deepEqual(JSON.parse(JSON.stringify(parseDocument(bytes))), expected)
      t.deepEqual(Object.keys(parseDocument(bytes)), Object.keys(expected))
      const copy = copyObject(parseDocument(bytes))
      t.deepEqual(JSON.parse(JSON.stringify(copy)), expected)
      delete expected.metadata.managedFields
      t.deepEqual(JSON.parse(JSON.stringify(parseWithoutManaged(bytes))), expected)
    }),
  )
})

test('what is written of an object whose spec nobody read is what it was read from', t => {
  fc.assert(
    fc.property(objects, fc.boolean(), (object, isManaged) => {
      const bytes = stored(object, isManaged)
      const read = parseDocument(bytes)
      if (typeof object.spec === 'object' && object.spec && !Array.isArray(object.spec))
        t.truthy(keptSpec(read))
      const { head, tail } = encode(read)
      t.is(`${head}12${tail}`, bytes.toString())
    }),
  )
})

test('whose writer remembers where the spec stands gets the same', t => {
  fc.assert(
    fc.property(objects, fc.boolean(), (object, isManaged) => {
      const { bytes, spec } = storedWithSpec(object, isManaged)
      if (typeof object.spec !== 'object' || !object.spec) return
      t.is(bytes.toString('utf8', spec.start, spec.end), JSON.stringify(object.spec))
      t.deepEqual(JSON.parse(JSON.stringify(parseDocument(bytes, spec))), JSON.parse(bytes.toString()))
      t.deepEqual(
        JSON.parse(JSON.stringify(parseWithoutManaged(bytes, spec))),
        JSON.parse(JSON.stringify(parseWithoutManaged(bytes))),
      )
    }),
  )
})

test('documents in other orders are read all the same', t => {
  const text =
    '{"spec":{"a":1},"metadata":{"resourceVersion":"3","name":"a"},"kind":"Test","apiVersion":"v1"}'
  t.is(JSON.stringify(parseDocument(Buffer.from(text))), text)
  const spaced = '{"kind": "Test", "metadata": {"resourceVersion": "3", "name": "a"}, "spec": {"a": 1}}'
  t.deepEqual(parseDocument(Buffer.from(spaced)) as unknown, JSON.parse(spaced))
})
