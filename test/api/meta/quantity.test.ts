import test from 'ava'
import fc from 'fast-check'
import {
  addQuantity,
  compareQuantity,
  formatQuantity,
  isQuantity,
  parseQuantity,
  QUANTITY_RULE,
  quantityMilli,
  quantityValue,
  subtractQuantity,
} from '../../../api/meta/quantity.ts'
import { SEED } from '../../helpers/seed.ts'

fc.configureGlobal(SEED)

const canonical: Record<string, string> = {
  '0': '0',
  '0.5': '500m',
  '1.5': '1500m',
  '1000m': '1',
  '1000': '1k',
  '1024': '1024',
  '1024Mi': '1Gi',
  '1500Mi': '1500Mi',
  '0.5Gi': '512Mi',
  '1e3': '1e3',
  '1E3': '1e3',
  '12e6': '12e6',
  '-1.5': '-1500m',
  '+2': '2',
  '.5': '500m',
  '5.': '5',
  '100n': '100n',
  '0.1n': '1n',
  '1000000': '1M',
  '129M': '129M',
  '123456789Ki': '123456789Ki',
}

test('quantities are brought to the form upstream stores', t => {
  for (const [given, expected] of Object.entries(canonical))
    t.is(formatQuantity(parseQuantity(given)), expected, given)
})

test('what is no quantity is refused with upstream’s rule', t => {
  for (const text of ['', 'abc', '1Zi', '1 Gi', '--1', '1.2.3', 'Gi', '.', '1kk'])
    t.throws(() => parseQuantity(text), { message: QUANTITY_RULE }, text)
  t.false(isQuantity('Mi'))
  t.true(isQuantity('10Mi'))
})

test('values are rounded up to whole units and thousandths', t => {
  t.is(quantityValue(parseQuantity('1500m')), 2n)
  t.is(quantityValue(parseQuantity('1Gi')), 2n ** 30n)
  t.is(quantityMilli(parseQuantity('0.5')), 500n)
  t.is(quantityMilli(parseQuantity('1u')), 1n)
})

const SUFFIXES = ['', 'm', 'u', 'n', 'k', 'M', 'G', 'Ki', 'Mi', 'Gi', 'Ti', 'e3', 'e-3']
const quantityText = fc
  .tuple(fc.integer({ min: -1_000_000, max: 1_000_000 }), fc.constantFrom(...SUFFIXES))
  .map(([number, suffix]) => `${number}${suffix}`)

test('the canonical form has the same value, and is its own canonical form', t => {
  fc.assert(
    fc.property(quantityText, text => {
      const quantity = parseQuantity(text)
      const written = formatQuantity(quantity)
      return (
        parseQuantity(written).nano === quantity.nano && formatQuantity(parseQuantity(written)) === written
      )
    }),
  )
  t.pass()
})

test('sums are exact, and taking away undoes adding', t => {
  fc.assert(
    fc.property(quantityText, quantityText, (first, second) => {
      const [a, b] = [parseQuantity(first), parseQuantity(second)]
      const sum = addQuantity(a, b)
      return (
        compareQuantity(sum, addQuantity(b, a)) === 0 &&
        compareQuantity(subtractQuantity(sum, b), a) === 0 &&
        compareQuantity(first, second) === -compareQuantity(second, first)
      )
    }),
  )
  t.pass()
})
