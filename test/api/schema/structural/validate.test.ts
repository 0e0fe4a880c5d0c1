import test from 'ava'
import type { JsonSchemaProps } from '../../../../api/kinds/apiextensions.ts'
import { invalid } from '../../../../api/meta/status.ts'
import { hasFormat } from '../../../../api/schema/structural/formats.ts'
import { validateListTypes } from '../../../../api/schema/structural/list-types.ts'
import { compilePattern } from '../../../../api/schema/structural/pattern.ts'
import { validateValue } from '../../../../api/schema/structural/validate.ts'

const faults = (value: unknown, schema: JsonSchemaProps, old?: unknown): string =>
  invalid({ group: '', kind: '' }, '', validateValue(value, schema, 'f', old)).message.replace(
    /^ "" is invalid: /,
    '',
  )

const cases: [title: string, value: unknown, schema: JsonSchemaProps, message: string][] = [
  [
    'type',
    true,
    { type: 'string' },
    'f: Invalid value: "boolean": f in body must be of type string: "boolean"',
  ],
  ['null', null, { type: 'string' }, 'f: Invalid value: "null": f in body must be of type string: "null"'],
  [
    'of a text’s length and pattern the first that is wrong',
    '',
    { type: 'string', minLength: 1, pattern: '^a$' },
    'f: Invalid value: "": f in body should be at least 1 chars long',
  ],
  [
    'an integer that Go has none of',
    1e20,
    { type: 'integer' },
    'f: Invalid value: "number": f in body must be of type integer: "number"',
  ],
  [
    'a fraction for an integer',
    1.5,
    { type: 'integer' },
    'f: Invalid value: "number": f in body must be of type integer: "number"',
  ],
  [
    'int-or-string',
    true,
    { 'x-kubernetes-int-or-string': true },
    'f: Invalid value: "boolean": f in body must be of type integer,string: "boolean"',
  ],
  [
    'enum',
    'c',
    { type: 'string', enum: ['b', 'a'] },
    'f: Unsupported value: "c": supported values: "b", "a"',
  ],
  [
    'pattern',
    'x',
    { type: 'string', pattern: '^a$' },
    'f: Invalid value: "x": f in body should match \'^a$\'',
  ],
  [
    'minLength',
    '',
    { type: 'string', minLength: 1 },
    'f: Invalid value: "": f in body should be at least 1 chars long',
  ],
  ['maxLength', 'abc', { type: 'string', maxLength: 2 }, 'f: Too long: may not be more than 2 bytes'],
  [
    'minimum',
    0,
    { type: 'integer', minimum: 1 },
    'f: Invalid value: 0: f in body should be greater than or equal to 1',
  ],
  [
    'exclusive maximum',
    5,
    { type: 'integer', maximum: 5, exclusiveMaximum: true },
    'f: Invalid value: 5: f in body should be less than 5',
  ],
  [
    'multipleOf',
    5,
    { type: 'integer', multipleOf: 2 },
    'f: Invalid value: 5: f in body should be a multiple of 2',
  ],
  [
    'minItems',
    [],
    { type: 'array', minItems: 1 },
    'f: Invalid value: 0: f in body should have at least 1 items',
  ],
  ['maxItems', [1, 2], { type: 'array', maxItems: 1 }, 'f: Too many: 2: must have at most 1 item'],
  [
    'minProperties',
    {},
    { type: 'object', minProperties: 1 },
    'f: Invalid value: 0: f in body should have at least 1 properties',
  ],
  ['required', {}, { type: 'object', required: ['a'] }, 'f.a: Required value'],
  [
    'format',
    'x',
    { type: 'string', format: 'ipv4' },
    'f: Invalid value: "x": f in body must be of type ipv4: "x"',
  ],
  [
    'items',
    ['a', 1],
    { type: 'array', items: { type: 'string' } },
    'f[1]: Invalid value: "integer": f[1] in body must be of type string: "integer"',
  ],
  [
    'oneOf',
    { a: 1 },
    { type: 'object', oneOf: [{ required: ['a'] }, { required: ['a'] }] },
    '<nil>: Invalid value: "": "f" must validate one and only one schema (oneOf). Found 2 valid alternatives',
  ],
  [
    'not',
    1,
    { type: 'integer', not: { minimum: 1 } },
    '<nil>: Invalid value: "": "f" must not validate the schema (not)',
  ],
]

for (const [title, value, schema, message] of cases) {
  test(`a value that breaks a rule is refused in upstream’s words: ${title}`, t => {
    t.is(faults(value, schema), message)
  })
}

test('anyOf without a match tells what the nearest alternative lacks', t => {
  const schema = { type: 'object', anyOf: [{ required: ['a', 'b'] }, { required: ['c'] }] }
  t.is(
    faults({}, schema),
    '[<nil>: Invalid value: "": "f" must validate at least one schema (anyOf), f.c: Required value]',
  )
})

test('items of a list that is a map are compared by their keys, others are all looked at again', t => {
  const items = { type: 'object', properties: { k: { type: 'string' }, v: { type: 'string', maxLength: 1 } } }
  const asMap = { type: 'array', items, 'x-kubernetes-list-type': 'map', 'x-kubernetes-list-map-keys': ['k'] }
  const old = [{ k: 'a', v: 'long' }]
  const value = [{ k: 'b', v: 'x' }, ...old]
  t.deepEqual(validateValue(value, asMap, 'f', old), [])
  t.is(validateValue(value, { type: 'array', items }, 'f', old).length, 1)
})

test('sets and maps have each item once', t => {
  const set = { type: 'array', items: { type: 'string' }, 'x-kubernetes-list-type': 'set' }
  t.deepEqual(
    validateListTypes(['a', 'b', 'a'], set, 'f').map(({ type, field }) => [type, field]),
    [['FieldValueDuplicate', 'f[2]']],
  )
  const items = {
    type: 'object',
    properties: { p: { type: 'string', default: 'TCP' }, n: { type: 'integer' } },
  }
  const map = {
    type: 'array',
    items,
    'x-kubernetes-list-type': 'map',
    'x-kubernetes-list-map-keys': ['n', 'p'],
  }
  t.is(validateListTypes([{ n: 1 }, { n: 1, p: 'TCP' }, { n: 1, p: 'UDP' }], map, 'f').length, 1)
})

const formats: [format: string, good: string, bad: string][] = [
  ['date-time', '2024-02-29T10:00:00Z', '2023-02-29T10:00:00Z'],
  ['date', '2024-12-31', '2024-13-01'],
  ['duration', '1h30m', 'an hour'],
  ['uuid', '6fa459ea-ee8a-3ca4-894e-db77e160355e', '6fa459ea'],
  ['cidr', '10.0.0.0/8', '10.0.0.0/33'],
  ['byte', 'aGk=', 'a'],
  ['uri', 'https://example.com/a', 'not a uri'],
  ['email', 'a@example.com', 'a@'],
  ['mac', '00:00:5e:00:53:01', '00:00'],
  ['isbn', '9783161484100', '9783161484101'],
  ['unheard-of', 'anything', ''],
]

test('formats that upstream knows are checked', t => {
  for (const [format, good, bad] of formats) {
    t.true(hasFormat(good, format), `${format} ${good}`)
    if (format !== 'unheard-of') t.false(hasFormat(bad, format), `${format} ${bad}`)
  }
})

test('a pattern that would backtrack for hours is matched in no time', t => {
  t.false(compilePattern('^(a+)+$').test(`${'a'.repeat(60)}!`))
  t.false(compilePattern('^(([a-z0-9])+.)+[A-Z]([a-z])+$').test('a'.repeat(60)))
})

test('patterns are read in Go’s syntax', t => {
  t.true(compilePattern('^\\p{Greek}+$').test('αβγ'))
  t.true(compilePattern('^[[:alpha:]]+$').test('abc'))
  t.true(compilePattern('(?i)^abc$').test('ABC'))
  t.true(compilePattern('^[a-z0-9]([-a-z0-9]*[a-z0-9])?\\_$').test('a_'))
  t.throws(() => compilePattern('('))
  t.throws(() => compilePattern('^(?=a)'), {
    message: 'error parsing regexp: invalid or unsupported Perl syntax: `(?=`',
  })
  t.throws(() => compilePattern('(a)\\1'), { message: /invalid escape sequence/ })
  t.true(compilePattern('^\\x{1F600}\\pL$').test('😀a'))
})

test('a whole number is held to what is whole of a limit', t => {
  t.deepEqual(validateValue(0, { type: 'number', minimum: 0.5 }, 'f'), [])
  t.is(validateValue(0.1, { type: 'number', minimum: 0.5 }, 'f').length, 1)
})

test('an item of a list that is a map must be an object', t => {
  const schema = {
    type: 'array',
    'x-kubernetes-list-type': 'map',
    'x-kubernetes-list-map-keys': ['k'],
    items: { type: 'object', properties: { k: { type: 'string' } } },
  }
  t.is(validateListTypes(['x'], schema, 'f')[0]?.detail, 'must be an object for an array of list-type map')
})
