import test from 'ava'
import fc from 'fast-check'
import { parseJson } from '../../../api/meta/json.ts'
import {
  attachSpec,
  hasKeptSpec,
  keptSpec,
  SpecText,
  shareSpec,
  specField,
  withoutSpec,
  withSpec,
} from '../../../api/meta/kept-spec.ts'
import type { ApiObject } from '../../../api/meta/object.ts'
import { SEED } from '../../helpers/seed.ts'

fc.configureGlobal(SEED)

const VALUE = { nodeName: 'one', containers: [{ name: 'a' }] }
const spec = () => new SpecText(JSON.stringify(VALUE))
const given = (): ApiObject => ({ apiVersion: 'v1', kind: 'Pod', metadata: { name: 'a' }, status: {} })

/** An object with a spec that nobody has read. */
function unread(kept = spec()): ApiObject {
  return withSpec(given(), kept)
}

test('an object with a kept spec looks like any other', t => {
  const { apiVersion, kind, metadata, status } = given()
  const plain = { apiVersion, kind, metadata, spec: VALUE, status }
  t.is(JSON.stringify(unread()), JSON.stringify(plain))
  t.deepEqual({ ...unread() }, plain)
  t.deepEqual(structuredClone(unread()), plain)
  t.deepEqual(Object.keys(unread()), Object.keys(plain))
})

test('a spec takes the place of the one there was, and comes last where there are no metadata', t => {
  t.deepEqual(Object.keys(withSpec({ spec: 1, a: 2 }, spec())), ['spec', 'a'])
  t.deepEqual(Object.keys(withSpec({ a: 2 }, spec())), ['a', 'spec'])
})

test('an object’s own spec is known to be unchanged until it is read', t => {
  const kept = spec()
  const object = unread(kept)
  t.is(keptSpec(object), kept)
  t.is(object.spec, object.spec)
  t.is(keptSpec(object), undefined)
  object.spec.nodeName = 'two'
  t.is(object.spec.nodeName, 'two')
  t.deepEqual(kept.value, VALUE)
})

test('readers of a shared spec are all given the same one, and it stays known', t => {
  const kept = spec()
  const object = unread(kept)
  shareSpec(object)
  t.is(object.spec, kept.value)
  t.is(keptSpec(object), kept)
})

test('a spec that was replaced or taken away is no longer known', t => {
  const changes: ((object: ApiObject) => void)[] = [
    object => Object.assign(object, { spec: { a: 1 } }),
    object => void delete object.spec,
    object => {
      delete object.spec
      object.spec = { a: 1 }
    },
    object => Object.defineProperty(object, 'spec', { value: 1 }),
  ]
  for (const change of changes) {
    const object = unread()
    change(object)
    t.is(keptSpec(object), undefined)
  }
  const object = unread()
  object.spec = { a: 1 }
  t.deepEqual(object.spec, { a: 1 })
})

test('an object that is frozen keeps its spec', t => {
  const object = unread()
  shareSpec(object)
  Object.freeze(object)
  t.deepEqual(object.spec, VALUE)
  t.throws(() => (object.spec = {}), { instanceOf: TypeError })
})

test('two objects have the same spec only where it is one and unread', t => {
  const kept = spec()
  t.true(hasKeptSpec(unread(kept), unread(kept)))
  t.false(hasKeptSpec(unread(), unread()))
  t.false(hasKeptSpec(given(), given()))
  t.false('spec' in withoutSpec(unread()))
})

test('what is at hand already is not parsed again, and still is the caller’s own', t => {
  const own = { a: 1 }
  const object = withSpec(given(), new SpecText('{"a":1}'), own)
  t.truthy(keptSpec(object))
  t.is(object.spec, own)
})

test('a field of a spec is read without the others', t => {
  fc.assert(
    fc.property(
      fc.dictionary(fc.string(), fc.jsonValue(), { noNullPrototype: true }),
      fc.string(),
      (value, other) => {
        const object = {}
        const kept = new SpecText(JSON.stringify(value))
        attachSpec(object, kept)
        for (const name of [...Object.keys(value), other]) {
          const expected = Object.hasOwn(value, name) ? parseJson(JSON.stringify(value[name])) : undefined
          t.deepEqual(specField(object as ApiObject, name), expected)
        }
        t.is(keptSpec(object), kept)
      },
    ),
  )
  t.is(specField({ ...given(), spec: VALUE }, 'nodeName'), 'one')
  t.is(specField(given(), 'nodeName'), undefined)
})
