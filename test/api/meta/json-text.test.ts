import test from 'ava'
import fc from 'fast-check'
import { cutMember, endOfContainer, findKnown, memberText } from '../../../api/meta/json-text.ts'
import { SEED } from '../../helpers/seed.ts'

fc.configureGlobal(SEED)

const maps = fc.dictionary(fc.string(), fc.jsonValue({ maxDepth: 4 }), { noNullPrototype: true })

test('a container ends where its JSON does, whatever stands in its strings and behind it', t => {
  fc.assert(
    fc.property(fc.oneof(maps, fc.array(fc.jsonValue())), fc.jsonValue(), (value, other) => {
      const text = JSON.stringify(value)
      t.is(endOfContainer(`${text},${JSON.stringify(other)}`, 1), text.length)
    }),
  )
})

test('what never ends is told of', t => {
  t.is(endOfContainer('{"a":[1,{"b":"}"}]', 1), -1)
  t.is(endOfContainer('{"a":"b', 1), -1)
  t.is(endOfContainer('{"a":"b\\', 1), -1)
})

test('a member’s text is that of its value', t => {
  fc.assert(
    fc.property(maps, fc.string(), (map, other) => {
      const text = JSON.stringify(map)
      for (const name of [...Object.keys(map), other]) {
        const found = memberText(text, name)
        t.is(found, Object.hasOwn(map, name) ? JSON.stringify(map[name]) : undefined)
      }
    }),
  )
})

test('members of members and texts that look like one are no members', t => {
  const text = JSON.stringify({ a: { name: 1 }, b: '"name":2', c: [{ name: 3 }], d: 'name' })
  t.is(memberText(text, 'name'), undefined)
  t.is(memberText(JSON.stringify({ ...JSON.parse(text), name: 4 }), 'name'), '4')
})

test('what is left without a member is JSON without that member', t => {
  const values = fc.oneof(maps, fc.array(fc.jsonValue()))
  fc.assert(
    fc.property(fc.dictionary(fc.string(), values, { minKeys: 1, noNullPrototype: true }), map => {
      const text = JSON.stringify(map)
      for (const name of Object.keys(map)) {
        const value = JSON.stringify(map[name])
        const found = findKnown(text, 1, name, value)!
        t.is(text.slice(found.start, found.end), `${JSON.stringify(name)}:${value}`)
        const { [name]: _, ...others } = map
        t.is(cutMember(text, found), JSON.stringify(others))
      }
      t.is(findKnown(text, 1, '\u0000', '{}'), undefined)
    }),
  )
})

test('any text gets an answer', t => {
  fc.assert(
    fc.property(fc.string({ unit: fc.constantFrom(...'{}[]",:\\a1') }), text => {
      endOfContainer(text, 0)
      memberText(text, 'a')
    }),
  )
  t.pass()
})
