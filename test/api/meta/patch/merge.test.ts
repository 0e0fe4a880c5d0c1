import test from 'ava'
import fc from 'fast-check'
import { applyMergePatch, createMergePatch } from '../../../../api/meta/patch/merge.ts'
import { isSame } from '../../../../api/meta/patch/own.ts'
import { SEED } from '../../../helpers/seed.ts'

fc.configureGlobal(SEED)

/** RFC 7396, appendix A, as far as targets are objects. */
const examples: [object, object, object][] = [
  [{ a: 'b' }, { a: 'c' }, { a: 'c' }],
  [{ a: 'b' }, { b: 'c' }, { a: 'b', b: 'c' }],
  [{ a: 'b' }, { a: null }, {}],
  [{ a: 'b', b: 'c' }, { a: null }, { b: 'c' }],
  [{ a: ['b'] }, { a: 'c' }, { a: 'c' }],
  [{ a: 'c' }, { a: ['b'] }, { a: ['b'] }],
  [{ a: { b: 'c' } }, { a: { b: 'd', c: null } }, { a: { b: 'd' } }],
  [{ a: [{ b: 'c' }] }, { a: [1] }, { a: [1] }],
  [{ e: null }, { a: 1 }, { e: null, a: 1 }],
  [{}, { a: { bb: { ccc: null } } }, { a: { bb: {} } }],
]

test('merge patch follows the examples of RFC 7396', t => {
  for (const [target, patch, result] of examples) t.deepEqual(applyMergePatch(target, patch), result)
})

test('merge patch: a patch that is no object is a bad request', t => {
  for (const patch of [[], 'a', null, 1])
    t.is((t.throws(() => applyMergePatch({}, patch)) as { code?: unknown }).code, 400)
})

test('merge patch keeps __proto__ as data', t => {
  const result = applyMergePatch({}, JSON.parse('{"data":{"__proto__":"x"}}'))
  t.is(JSON.stringify(result), '{"data":{"__proto__":"x"}}')
})

const value: fc.Arbitrary<unknown> = fc.letrec(tie => ({
  value: fc.oneof(
    { depthSize: 'small' },
    fc.string(),
    fc.integer(),
    fc.boolean(),
    fc.array(fc.integer()),
    tie('object'),
  ),
  object: fc.dictionary(fc.string(), tie('value')),
})).object

test('merge patch: the patch made from two objects leads from one to the other, and changes neither', t => {
  fc.assert(
    fc.property(value, value, (a, b) => {
      const [before, after] = [structuredClone(a), structuredClone(b)] as [
        Record<string, unknown>,
        Record<string, unknown>,
      ]
      const result = applyMergePatch(before, createMergePatch(before, after))
      return isSame(result, b) && isSame(before, a)
    }),
  )
  t.pass()
})
