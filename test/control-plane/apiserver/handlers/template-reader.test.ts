import test from 'ava'
import fc from 'fast-check'
import { parseJson } from '../../../../api/meta/json.ts'
import { TemplateReader } from '../../../../control-plane/apiserver/handlers/template-reader.ts'
import { SEED } from '../../../helpers/seed.ts'

fc.configureGlobal(SEED)

const all = () => true

/** A reader that knows the end of a text. */
function taught(text: string): TemplateReader {
  const reader = new TemplateReader()
  reader.learn(text, parseJson(text))
  reader.learn(text, parseJson(text))
  return reader
}

const body = (name: string, spec: unknown, more = {}) =>
  JSON.stringify({ kind: 'Pod', metadata: { name }, spec, ...more })

test('a body that ends as others is read as a whole one would be', t => {
  const spec = { containers: [{ name: 'a', image: 'b' }], volumes: [] }
  const reader = taught(body('one', spec, { status: {} }))
  const text = body('two', spec, { status: {} })
  t.deepEqual(reader.read(text, all)?.object, parseJson(text) as never)
})

test('what is read of an end is a copy each time', t => {
  const text = body('one', { containers: [{ name: 'a' }] })
  const reader = taught(text)
  const first = reader.read<any>(text, all)
  first!.object.spec.containers[0].name = 'changed'
  const second = reader.read<any>(text, all)
  t.is(second!.object.spec.containers[0].name, 'a')
  t.is(second!.template, first!.template)
})

test('only the end is kept that was met twice, and of an object that can be read before it', t => {
  const text = body('one', { a: 1 })
  const reader = new TemplateReader()
  reader.learn(text, parseJson(text))
  t.is(reader.read(text, all), undefined)
  const nested = '{"kind":"Pod","template":{"a":1,"spec":{}}}'
  t.is(taught(nested).read(nested, all), undefined)
})

test('a member that stands before the end and in it is left to who reads the whole', t => {
  const reader = taught(body('one', { a: 1 }))
  t.is(reader.read('{"spec":{"b":2},"kind":"Pod","spec":{"a":1}}', all), undefined)
  t.is(reader.read('{,"spec":{"a":1}}', all), undefined)
  t.is(reader.read('{},"spec":{"a":1}}', all), undefined)
})

test('who reads what is before the end may decline', t => {
  const text = body('one', { a: 1 })
  t.is(
    taught(text).read(text, () => false),
    undefined,
  )
})

/** Pieces that JSON is made of, in any order: few are JSON, and those that are may be odd. */
const pieces = [
  '{',
  '}',
  '[',
  ']',
  ',',
  ':',
  '"a"',
  '"spec"',
  ',"spec":{',
  '1',
  '"\\",',
  '"kind":"Pod"',
  ' ',
  '{}',
]
const texts = fc.array(fc.constantFrom(...pieces), { maxLength: 8 }).map(parts => parts.join(''))

test('property: whatever stands before a known end, nothing is read but what JSON says', t => {
  const end = ',"spec":{"a":[1,{"b":"x"}]},"status":{}}'
  const reader = taught(`{"kind":"Pod"${end}`)
  const check = (head: string) => {
    const text = head + end
    const read = reader.read<any>(text, all)
    if (read !== undefined) t.deepEqual(read.object, parseJson(text))
  }
  fc.assert(fc.property(texts, check), { numRuns: 2_000 })
  fc.assert(
    fc.property(fc.dictionary(fc.string(), fc.jsonValue()), object =>
      check(JSON.stringify(object).slice(0, -1)),
    ),
  )
})

test('property: any end that two bodies share is read as it is', t => {
  fc.assert(
    fc.property(
      fc.dictionary(fc.string(), fc.jsonValue()),
      fc.dictionary(fc.string(), fc.jsonValue()),
      (metadata, spec) => {
        const reader = taught(JSON.stringify({ metadata: {}, spec }))
        const text = JSON.stringify({ metadata, spec })
        t.deepEqual(reader.read<any>(text, all)?.object, parseJson(text))
      },
    ),
  )
})
