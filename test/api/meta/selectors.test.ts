import test from 'ava'
import fc from 'fast-check'
import {
  labelSelector,
  parseFieldSelector,
  parseLabelSelector,
  selectorFromMap,
} from '../../../api/meta/selectors.ts'
import { SEED } from '../../helpers/seed.ts'

fc.configureGlobal(SEED)

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

const LONG = 'x'.repeat(64)
const NAME =
  "must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')"

/** What upstream says; what it says of one requirement has `unable to parse requirement: ` before it. */
const unreadable: [text: string, message: string][] = [
  ['a b', "unable to parse requirement: found 'b', expected: in, notin, =, ==, !=, gt, lt"],
  ['a=b c', "found 'c', expected: ',' or 'end of string'"],
  ['a=b=c', "found '=', expected: ',' or 'end of string'"],
  ['a,', "found '', expected: identifier after ','"],
  [',', "found ',', expected: !, identifier, or 'end of string'"],
  ['=a', "found '=', expected: !, identifier, or 'end of string'"],
  ['(', "found '(', expected: !, identifier, or 'end of string'"],
  ['!', "unable to parse requirement: found '', expected: identifier"],
  ['a=!b', "unable to parse requirement: found '!', expected: identifier"],
  ['a in b', "unable to parse requirement: found 'b' expected: '('"],
  ['a in (', "unable to parse requirement: found '', expected: ',', ')' or identifier"],
  ['a in (b', "unable to parse requirement: found '', expected: ',' or ')'"],
  ['a in (b,=)', "unable to parse requirement: found '=', expected: ',', or identifier"],
  ['-a', `unable to parse requirement: <nil>: Invalid value: "-a": name part ${NAME}`],
  [
    LONG,
    `unable to parse requirement: <nil>: Invalid value: "${LONG}": name part must be no more than 63 characters`,
  ],
  [
    `a=${LONG}`,
    `unable to parse requirement: values[0][a]: Invalid value: "${LONG}": must be no more than 63 characters`,
  ],
  [
    'a>x',
    `unable to parse requirement: values[0]: Invalid value: "x": for 'Gt', 'Lt' operators, the value must be an integer`,
  ],
]

for (const [text, message] of unreadable) {
  test(`the label selector ${JSON.stringify(text)} is a bad request: ${message}`, t => {
    const error = t.throws(() => parseLabelSelector(text), { message })
    t.is((error as { code?: unknown } | undefined)?.code, 400)
  })
}

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
  for (const [text, message] of [
    ['a=b\\', 'invalid field selector: invalid escape sequence: \\'],
    ['a=b\\x', 'invalid field selector: invalid escape sequence: \\x'],
    ['a=b=c', 'invalid field selector: unescaped character in value: 61'],
  ] as const) {
    t.throws(() => parseFieldSelector(text), { message })
  }
  t.throws(() => parseFieldSelector('nodeName'), {
    message: "invalid selector: 'nodeName'; can't understand 'nodeName'",
  })
})
