import test from 'ava'
import fc from 'fast-check'
import { createPatch } from 'rfc6902'
import { applyJsonPatch } from '../../../../api/meta/patch/json.ts'
import { isSame } from '../../../../api/meta/patch/own.ts'
import type { StatusError } from '../../../../api/meta/status.ts'
import { SEED } from '../../../helpers/seed.ts'

fc.configureGlobal(SEED)

const failure = (run: () => unknown): StatusError | undefined => {
  try {
    run()
    return undefined
  } catch (error) {
    return error as StatusError
  }
}

const steps: [string, object, unknown[], unknown][] = [
  ['add sets a member', { a: 1 }, [{ op: 'add', path: '/b', value: 2 }], { a: 1, b: 2 }],
  ['add inserts into a list', { a: [1, 3] }, [{ op: 'add', path: '/a/1', value: 2 }], { a: [1, 2, 3] }],
  ['add appends with a dash', { a: [1] }, [{ op: 'add', path: '/a/-', value: 2 }], { a: [1, 2] }],
  ['add of an absent parent fails', {}, [{ op: 'add', path: '/a/b', value: 1 }], undefined],
  ['remove takes a member out', { a: 1, b: 2 }, [{ op: 'remove', path: '/a' }], { b: 2 }],
  ['remove takes an element out', { a: [1, 2] }, [{ op: 'remove', path: '/a/0' }], { a: [2] }],
  ['remove of nothing fails', {}, [{ op: 'remove', path: '/a' }], undefined],
  [
    'replace exchanges a value',
    { a: { b: 1 } },
    [{ op: 'replace', path: '/a/b', value: null }],
    { a: { b: null } },
  ],
  ['replace of a missing member adds it', {}, [{ op: 'replace', path: '/a', value: 1 }], { a: 1 }],
  ['replace in what is not there fails', {}, [{ op: 'replace', path: '/a/b', value: 1 }], undefined],
  [
    'copy of a missing member gives null',
    { a: 1 },
    [{ op: 'copy', from: '/b', path: '/c' }],
    { a: 1, c: null },
  ],
  [
    'move takes and puts',
    { a: { b: 1 }, c: {} },
    [{ op: 'move', from: '/a/b', path: '/c/d' }],
    { a: {}, c: { d: 1 } },
  ],
  ['move into itself fails', { a: { b: 1 } }, [{ op: 'move', from: '/a', path: '/a/b/c' }], undefined],
  ['copy doubles', { a: [1] }, [{ op: 'copy', from: '/a', path: '/b' }], { a: [1], b: [1] }],
  [
    'test of an equal value passes',
    { a: { b: [1, { c: 2 }] } },
    [{ op: 'test', path: '/a', value: { b: [1, { c: 2 }] } }],
    { a: { b: [1, { c: 2 }] } },
  ],
  ['test of null passes where nothing is', {}, [{ op: 'test', path: '/a', value: null }], {}],
  ['test of another value fails', { a: 1 }, [{ op: 'test', path: '/a', value: 2 }], undefined],
  [
    'escapes are undone',
    { 'a/b': 1, 'c~d': 2 },
    [
      { op: 'remove', path: '/a~1b' },
      { op: 'replace', path: '/c~0d', value: 3 },
    ],
    { 'c~d': 3 },
  ],
  ['an index out of range fails', { a: [1] }, [{ op: 'add', path: '/a/3', value: 2 }], undefined],
  [
    'an index counts from the end when negative',
    { a: [1, 2] },
    [{ op: 'remove', path: '/a/-1' }],
    { a: [1] },
  ],
  [
    '__proto__ is a member like others',
    {},
    [{ op: 'add', path: '/__proto__', value: 1 }],
    JSON.parse('{"__proto__":1}'),
  ],
]

for (const [title, document, patch, expected] of steps)
  test(`JSON patch: ${title}`, t => {
    const before = structuredClone(document)
    const error = failure(() => t.deepEqual(applyJsonPatch(document, patch), expected as object))
    if (expected === undefined) {
      t.is(error?.code, 422)
      t.is(error?.message, 'the server rejected our request due to an error in our request')
    } else t.is(error, undefined)
    t.deepEqual(document, before)
  })

test('JSON patch: when a later step fails nothing is changed', t => {
  const document = { a: { b: 1 } }
  const patch = [
    { op: 'replace', path: '/a/b', value: 2 },
    { op: 'test', path: '/a/b', value: 1 },
  ]
  t.is(failure(() => applyJsonPatch(document, patch))?.reason, 'Invalid')
  t.deepEqual(document, { a: { b: 1 } })
})

test('JSON patch: what is no list of steps is a bad request', t => {
  t.is(failure(() => applyJsonPatch({}, { op: 'add' }))?.code, 400)
  t.is(failure(() => applyJsonPatch({}, [1]))?.code, 400)
})

test('JSON patch: more than 10000 steps, or copies without end, are too large', t => {
  const many = Array.from({ length: 10_001 }, () => ({ op: 'test', path: '', value: {} }))
  const tooMany = failure(() => applyJsonPatch({}, many))
  t.is(tooMany?.code, 413)
  t.regex(tooMany!.message, /maximum operations in a JSON patch is 10000, got 10001/)
  const bomb = Array.from({ length: 100 }, () => ({ op: 'copy', from: '/a', path: '/a/b' }))
  const error = failure(() => applyJsonPatch({ a: { text: 'x'.repeat(1000) } }, bomb))
  t.is(error?.code, 413)
})

const json = fc.jsonValue({ maxDepth: 3 })

test('JSON patch: a patch made from two documents leads from one to the other', t => {
  fc.assert(
    fc.property(fc.dictionary(fc.string(), json), fc.dictionary(fc.string(), json), (from, to) => {
      const plain = (value: unknown): object => JSON.parse(JSON.stringify(value))
      const [before, after] = [plain(from), plain(to)]
      const kept = structuredClone(before)
      const result = applyJsonPatch(before, plain(createPatch(before, after)))
      return isSame(result, after) && isSame(before, kept)
    }),
  )
  t.pass()
})
