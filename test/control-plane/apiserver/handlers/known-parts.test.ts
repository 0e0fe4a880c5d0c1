import test from 'ava'
import fc from 'fast-check'
import { keptSpec, shareSpec } from '../../../../api/meta/kept-spec.ts'
import { Owner } from '../../../../api/meta/managed-fields/owner.ts'
import { attachedRecord, attachRecord, ManagedRecord } from '../../../../api/meta/managed-fields/record.ts'
import { parseDocument } from '../../../../control-plane/apiserver/cache/document.ts'
import { readAroundKnown, wholeObject } from '../../../../control-plane/apiserver/handlers/known-parts.ts'
import { encode } from '../../../../control-plane/apiserver/rest/encode.ts'
import { SEED } from '../../../helpers/seed.ts'

fc.configureGlobal(SEED)

const manager = { manager: 'm', operation: 'Update', apiVersion: 'v1' } as const
const owner = new Owner(manager, '{"f:spec":{".":{},"f:a":{}}}', '2025-01-01T00:00:00Z')

function storedObject(spec: object | undefined, isManaged: boolean) {
  const object = {
    apiVersion: 'v1',
    kind: 'Test',
    metadata: { name: 'a', labels: { spec: '{}', managedFields: '[]' } },
    ...(spec && { spec }),
    status: { spec, managedFields: [] },
  }
  if (isManaged) attachRecord(object.metadata, ManagedRecord.of([owner]))
  const { head, tail } = encode(object)
  const read = parseDocument(Buffer.concat([Buffer.from(`${head}7`), tail]))
  shareSpec(read)
  return read
}

const stored = storedObject({ a: '},"spec":{', b: [{ spec: {} }] }, true)
const whole = JSON.stringify(stored)
const read = (body: string, from = stored) => {
  const known = readAroundKnown(body, from)
  return known && wholeObject(known)
}

test('an object that comes back as it was read is not read again', t => {
  const object = read(whole)!
  t.is(keptSpec(object), keptSpec(stored))
  t.is(attachedRecord(object.metadata), attachedRecord(stored.metadata))
  t.deepEqual(JSON.parse(JSON.stringify(object)), JSON.parse(whole))
  t.falsy(readAroundKnown(whole, stored)!.text.includes('FieldsV1'))
})

test('what else is changed is seen', t => {
  const changed = JSON.parse(whole)
  delete changed.metadata.resourceVersion
  changed.metadata.annotations = { x: 'y' }
  changed.status = 1
  const object = read(JSON.stringify(changed))!
  t.truthy(keptSpec(object))
  t.deepEqual(JSON.parse(JSON.stringify(object)), changed)
})

test('another spec and other managedFields are read', t => {
  const other = JSON.parse(whole)
  other.spec.a = 1
  const object = read(JSON.stringify(other))!
  t.is(keptSpec(object), undefined)
  t.deepEqual(object.spec, other.spec)
  const given = JSON.parse(whole)
  given.metadata.managedFields[0].manager = 'n'
  const second = read(JSON.stringify(given))!
  t.is(attachedRecord(second.metadata), undefined)
  t.deepEqual(second.metadata.managedFields, given.metadata.managedFields)
})

test('bodies with faults, with members twice or in a form of their own are read as a whole', t => {
  const { text } = keptSpec(stored)!
  const odd = [
    whole.slice(0, -1),
    `${whole}}`,
    JSON.stringify(JSON.parse(whole), null, 1),
    whole.replace('"kind":"Test",', ''),
    whole.replace('"Test"', '7'),
    whole.replace('{"apiVersion"', `{"spec":${text},"apiVersion"`),
    whole.replace(/}$/, ',"s\\u0070ec":{}}'),
    whole.replace('}]},"spec"', '}],"managedFields":[]},"spec"'),
    '[]',
    'null',
    '',
    '{}',
    '7',
  ]
  for (const body of odd) t.is(read(body), undefined, body)
})

test('of a member that is there twice the last one counts, and is told of by who reads the rest', t => {
  const twice = whole.replace('{"apiVersion"', '{"spec":{},"apiVersion"')
  const { text, object } = readAroundKnown(twice, stored)!
  t.is(text.split('"spec":{').length, whole.split('"spec":{').length + 1)
  t.deepEqual(object.spec, stored.spec)
})

test('members of the same names further in are not taken for them', t => {
  const inner = JSON.stringify({
    apiVersion: 'v1',
    kind: 'Test',
    metadata: { labels: {} },
    template: JSON.parse(whole),
  })
  t.is(read(inner), undefined)
})

test('whatever is sent is read as JSON would', t => {
  const value = fc.jsonValue({ maxDepth: 3 })
  const map = fc.dictionary(fc.string(), value, { noNullPrototype: true })
  fc.assert(
    fc.property(
      map,
      fc.boolean(),
      fc.boolean(),
      map,
      map,
      (spec, isManaged, isSpecKept, metadata, others) => {
        const from = storedObject(spec, isManaged)
        const { name, managedFields } = JSON.parse(JSON.stringify(from.metadata))
        const body = {
          ...JSON.parse(JSON.stringify(others)),
          apiVersion: 'v1',
          kind: 'Test',
          metadata: { ...metadata, name, ...(isManaged && { managedFields }) },
          ...(isSpecKept ? { spec } : { spec: others }),
        }
        const text = JSON.stringify(body)
        const object = read(text, from)
        t.is(object === undefined, !isManaged && JSON.stringify(body.spec) !== JSON.stringify(spec))
        if (object) t.deepEqual(JSON.parse(JSON.stringify(object)), JSON.parse(text))
      },
    ),
  )
})
