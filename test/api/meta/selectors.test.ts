import test from 'ava'
import fc from 'fast-check'
import {
  labelSelector,
  parseFieldSelector,
  parseLabelSelector,
  selectorFromMap,
} from '../../../api/meta/selectors.ts'

const labels = { app: 'web', tier: 'front', size: '5', empty: '' }

const matching: [string, boolean][] = [
  ['', true],
  ['app=web', true],
  ['app==web', true],
  ['app=web,tier=back', false],
  ['app!=db', true],
  ['missing!=x', true],
  ['app in (web,db)', true],
  ['app in (db)', false],
  ['app notin (db)', true],
  ['missing notin (x)', true],
  ['app', true],
  ['missing', false],
  ['!missing', true],
  ['! app', false],
  ['size>4', true],
  ['size<5', false],
  ['empty=', true],
  ['empty in (,x)', true],
  [' app = web , tier in ( front , back ) ', true],
]

for (const [text, expected] of matching)
  test(`label selector ${JSON.stringify(text)} ${expected ? 'matches' : 'does not match'}`, t => {
    t.is(parseLabelSelector(text).matches(labels), expected)
  })

test('a label selector that cannot be read is a bad request that says what was found', t => {
  for (const text of ['app=a b', 'app in web', 'app in (a', 'a,', '=a', 'a=b=c', 'size>x', '-a']) {
    const error = t.throws(
      () => parseLabelSelector(text),
      { message: /^unable to parse requirement: / },
      text,
    )
    t.is((error as { code?: unknown } | undefined)?.code, 400)
  }
})

test('a LabelSelector object: missing matches nothing, empty matches all', t => {
  t.false(labelSelector(undefined).matches(labels))
  t.true(labelSelector({}).matches(labels))
  const expressions = [
    { key: 'app', operator: 'In', values: ['web'] },
    { key: 'tier', operator: 'NotIn', values: ['back'] },
    { key: 'size', operator: 'Exists' },
    { key: 'gone', operator: 'DoesNotExist' },
  ]
  t.true(labelSelector({ matchLabels: { app: 'web' }, matchExpressions: expressions }).matches(labels))
  t.false(labelSelector({ matchLabels: { app: 'db' } }).matches(labels))
})

const word = fc.stringMatching(/^[a-z0-9]([-a-z0-9]{0,5}[a-z0-9])?$/)
const map = fc.dictionary(word, word, { minKeys: 1, maxKeys: 4 })

test('the text of a selector selects the same', t => {
  fc.assert(
    fc.property(map, map, (wanted, given) => {
      const selector = selectorFromMap(wanted)
      const again = parseLabelSelector(selector.toString())
      return selector.matches(wanted) && again.matches(given) === selector.matches(given)
    }),
  )
  t.pass()
})

test('a field selector compares values, and undoes escapes', t => {
  const read = (field: string): string =>
    ({ 'spec.nodeName': 'n1', 'status.phase': 'Running', odd: 'a,b=c' })[field] ?? ''
  t.true(parseFieldSelector('spec.nodeName=n1,status.phase!=Failed').matches(read))
  t.false(parseFieldSelector('spec.nodeName==n2').matches(read))
  t.true(parseFieldSelector('odd=a\\,b\\=c').matches(read))
  t.true(parseFieldSelector('').matches(read))
  t.throws(() => parseFieldSelector('nodeName'), {
    message: "invalid selector: 'nodeName'; can't understand 'nodeName'",
  })
})
