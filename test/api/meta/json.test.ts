import test from 'ava'
import fc from 'fast-check'
import { isWhole, jsonParser, parseJson, parseJsonBytes, wholeNumber } from '../../../api/meta/json.ts'
import { SEED } from '../../helpers/seed.ts'

fc.configureGlobal(SEED)

const LARGEST = 2n ** 63n - 1n

test('whole numbers of 64 bits keep all their digits, wherever they stand', t => {
  fc.assert(
    fc.property(fc.bigInt({ min: -LARGEST - 1n, max: LARGEST }), fc.string(), fc.string(), (number, a, b) => {
      const [before, behind] = [JSON.stringify(a), JSON.stringify(b)]
      const text = `{"before":${before},"n":[${number}],"__proto__":{"x":${number}},"behind":${behind}}`
      const value = parseJson(text)
      t.is(JSON.stringify(value), text)
      t.is(JSON.stringify(parseJsonBytes(Buffer.from(text))), text)
      t.is(JSON.stringify(jsonParser(Buffer.from(text))(`[${number}]`)), `[${number}]`)
      return value.n[0] === wholeNumber(number)
    }),
  )
})

test('what a double holds is a number, and so is all that has a fraction, an exponent or more than 64 bits', t => {
  const numbers = [
    '9007199254740991',
    '-9007199254740991',
    '9007199254740993.0',
    '1e18',
    '0.12345678901234567',
  ]
  for (const text of [...numbers, '9223372036854775808', '-9223372036854775809', '12345678901234567890']) {
    t.is(parseJson(`[${text}]`)[0], Number(text), text)
  }
  for (const text of [
    '9007199254740992',
    '9007199254740993',
    '9223372036854775807',
    '-9223372036854775808',
  ]) {
    t.is(parseJson(text), BigInt(text))
  }
})

test('digits in a text are left alone', t => {
  t.deepEqual(parseJson('{"a":"9007199254740993","9007199254740993":1}'), {
    a: '9007199254740993',
    '9007199254740993': 1,
  })
})

test('a double beyond 2⁵³ is no whole number: nobody can tell which one it was', t => {
  t.deepEqual([1, -1, 2 ** 53 - 1, 2n ** 60n, 1e18, 0.5, '1'].map(isWhole), [
    true,
    true,
    true,
    true,
    false,
    false,
    false,
  ])
})
