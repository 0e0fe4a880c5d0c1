import test from 'ava'
import fc from 'fast-check'
import { cloneJson } from '../../../api/meta/clone.ts'
import { SEED } from '../../helpers/seed.ts'

fc.configureGlobal(SEED)

test('a copy is equal to the value, and shares nothing with it', t => {
  fc.assert(
    fc.property(fc.jsonValue(), value => {
      const copy = cloneJson(value)
      t.deepEqual(copy, value)
      return sharesNothing(copy, value)
    }),
  )
})

function sharesNothing(a: any, b: any): boolean {
  if (typeof a !== 'object' || a === null) return true
  return a !== b && Object.keys(a).every(key => sharesNothing(a[key], b[key]))
}

test('members that are undefined are left out, as in JSON', t => {
  t.deepEqual(Object.keys(cloneJson({ a: undefined, b: 1 })), ['b'])
})

test('a member called __proto__ is a member like any other', t => {
  const copy: object = cloneJson(JSON.parse('{"__proto__":{"isAdmin":true}}'))
  t.true(Object.hasOwn(copy, '__proto__'))
  t.false('isAdmin' in copy)
})
