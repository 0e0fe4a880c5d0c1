import { Buffer } from 'node:buffer'
import test from 'ava'
import fc from 'fast-check'
import { jsonFault } from '../../../../control-plane/apiserver/pipeline/json-fault.ts'
import { SEED } from '../../../helpers/seed.ts'

/** What kube-apiserver was seen to say. */
const FAULTS: [text: string, fault: string][] = [
  ['', 'unexpected end of JSON input'],
  [' \n', 'unexpected end of JSON input'],
  ['{"a"', 'unexpected end of JSON input'],
  ['{"a":[1,2', 'unexpected end of JSON input'],
  ['hello', "invalid character 'h' looking for beginning of value"],
  ['\ufeff{}', "invalid character 'ï' looking for beginning of value"],
  ["{'a':1}", "invalid character '\\'' looking for beginning of object key string"],
  ['{"a":1,}', "invalid character '}' looking for beginning of object key string"],
  ['{"a" 1}', "invalid character '1' after object key"],
  ['{"a":1 x}', "invalid character 'x' after object key:value pair"],
  ['[1 2]', "invalid character '2' after array element"],
  ['[1,]', "invalid character ']' looking for beginning of value"],
  ['{} trailing', "invalid character 't' after top-level value"],
  ['{}{}', "invalid character '{' after top-level value"],
  ['{"a":NaN}', "invalid character 'N' looking for beginning of value"],
  ['"\u0001"', "invalid character '\\x01' in string literal"],
  ['"\\x41"', "invalid character 'x' in string escape code"],
  ['"\\u00g0"', "invalid character 'g' in \\u hexadecimal character escape"],
  ['trve', "invalid character 'v' in literal true (expecting 'u')"],
  ['-x', "invalid character 'x' in numeric literal"],
  ['1.x', "invalid character 'x' after decimal point in numeric literal"],
  ['1ex', "invalid character 'x' in exponent of numeric literal"],
  ['01', "invalid character '1' after top-level value"],
  ['['.repeat(10_001), "invalid character '[' exceeded max depth"],
]

for (const [text, fault] of FAULTS) {
  test(`${JSON.stringify(text.slice(0, 20))} is refused because of ${fault}`, t => {
    t.is(jsonFault(Buffer.from(text)), fault)
  })
}

test('a fault is found in whatever is no JSON', t => {
  const almost = fc.json().chain(text => {
    const at = fc.nat(text.length)
    return fc.tuple(fc.constant(text), at, fc.string({ maxLength: 2 }))
  })
  fc.assert(
    fc.property(almost, ([text, at, odd]) => {
      const broken = text.slice(0, at) + odd + text.slice(at + 1)
      const isBroken = !isJson(broken)
      fc.pre(isBroken)
      t.regex(jsonFault(Buffer.from(broken)), /^(unexpected end of JSON input$|invalid character '.*' )/s)
    }),
    { ...SEED, numRuns: 2_000 },
  )
})

function isJson(text: string): boolean {
  try {
    JSON.parse(text)
    return true
  } catch {
    return false
  }
}
