import test from 'ava'
import type { JsonSchemaProps, ValidationRule } from '../../../api/kinds/apiextensions.ts'
import { checkRules } from '../../../control-plane/cel/check-rules.ts'
import { loadCel } from '../../../control-plane/cel/lazy.ts'
import { RuleValidator } from '../../../control-plane/cel/rule-validator.ts'
import { validateSchema } from '../../../control-plane/registry/crd/validate-schema.ts'

const withRules = (schema: JsonSchemaProps, ...rules: ValidationRule[]): JsonSchemaProps => ({
  ...schema,
  'x-kubernetes-validations': rules,
})
const spec = (schema: JsonSchemaProps): JsonSchemaProps => ({ type: 'object', properties: { spec: schema } })
const faults = (schema: JsonSchemaProps, object: unknown, old?: unknown): string[] =>
  new RuleValidator(schema).validate(object, old).map(({ field, type, badValue, detail }) => {
    return `${field}: ${type.replace('FieldValue', '')}: ${badValue}: ${detail}`
  })
const INTEGER = { type: 'integer' }
const STRING = { type: 'string', maxLength: 20 }
const replicas = {
  type: 'object',
  properties: { min: INTEGER, max: INTEGER, name: STRING, 'odd-name': STRING, namespace: STRING },
}

test('an object that breaks a rule is refused with its message', t => {
  const schema = spec(
    withRules(replicas, { rule: 'self.min <= self.max', message: 'min must not be above max' }),
  )
  t.deepEqual(checkRules(schema, 'root'), [])
  t.deepEqual(faults(schema, { spec: { min: 1, max: 2 } }), [])
  t.deepEqual(faults(schema, { spec: { min: 3, max: 2 } }), [
    'spec: Invalid: object: min must not be above max',
  ])
  t.deepEqual(faults(schema, { spec: { min: 3 } }), [
    'spec: Invalid: object: no such key: max evaluating rule: min must not be above max',
  ])
})

test('a rule may compute its message, name a field and a reason', t => {
  const rule = {
    rule: 'self.min <= self.max',
    messageExpression: '"min %d is above max %d".format([self.min, self.max])',
    fieldPath: '.min',
    reason: 'FieldValueForbidden',
  }
  const schema = spec(withRules(replicas, rule))
  t.deepEqual(checkRules(schema, 'root'), [])
  t.deepEqual(faults(schema, { spec: { min: 3, max: 2 } }), [
    'spec.min: Forbidden: object: min 3 is above max 2',
  ])
})

test('names that are no identifiers are escaped', t => {
  const rule = { rule: 'self.odd__dash__name == self.__namespace__' }
  const schema = spec(withRules(replicas, rule))
  t.deepEqual(checkRules(schema, 'root'), [])
  t.deepEqual(faults(schema, { spec: { 'odd-name': 'a', namespace: 'a' } }), [])
  t.deepEqual(faults(schema, { spec: { 'odd-name': 'a', namespace: 'b' } }), [
    `spec: Invalid: object: failed rule: ${rule.rule}`,
  ])
})

test('a transition rule compares with what was there and is left out on create', t => {
  const schema = spec({
    type: 'object',
    properties: { name: withRules(STRING, { rule: 'self == oldSelf', message: 'is immutable' }) },
  })
  t.deepEqual(checkRules(schema, 'root'), [])
  t.deepEqual(faults(schema, { spec: { name: 'b' } }), [])
  t.deepEqual(faults(schema, { spec: { name: 'b' } }, { spec: {} }), [])
  t.deepEqual(faults(schema, { spec: { name: 'b' } }, { spec: { name: 'a' } }), [
    'spec.name: Invalid: string: is immutable',
  ])
})

test('with optionalOldSelf a transition rule also runs on create', t => {
  const rule = { rule: 'oldSelf.hasValue() || self == "first"', optionalOldSelf: true }
  const schema = spec({ type: 'object', properties: { name: withRules(STRING, rule) } })
  t.deepEqual(checkRules(schema, 'root'), [])
  t.is(faults(schema, { spec: { name: 'other' } }).length, 1)
  t.deepEqual(faults(schema, { spec: { name: 'first' } }), [])
  t.deepEqual(faults(schema, { spec: { name: 'other' } }, { spec: { name: 'first' } }), [])
})

test('a rule that was broken before does not stand in the way where nothing changed', t => {
  const schema = spec({
    type: 'object',
    properties: { min: withRules(INTEGER, { rule: 'self > 5' }), max: INTEGER },
  })
  t.deepEqual(faults(schema, { spec: { min: 1, max: 2 } }, { spec: { min: 1, max: 1 } }), [])
  t.is(faults(schema, { spec: { min: 2, max: 2 } }, { spec: { min: 1, max: 1 } }).length, 1)
})

test('items of a list that is a map are compared with what they were', t => {
  const items = withRules(
    { type: 'object', required: ['k'], properties: { k: STRING, v: INTEGER } },
    { rule: 'self.v >= oldSelf.v', message: 'only rises' },
  )
  const list = { type: 'array', maxItems: 10, items }
  const map = { ...list, 'x-kubernetes-list-type': 'map', 'x-kubernetes-list-map-keys': ['k'] }
  t.deepEqual(checkRules(spec(map), 'root'), [])
  const [old, now] = [
    { spec: [{ k: 'a', v: 5 }] },
    {
      spec: [
        { k: 'b', v: 1 },
        { k: 'a', v: 4 },
      ],
    },
  ]
  t.deepEqual(faults(spec(map), now, old), ['spec[1]: Invalid: object: only rises'])
  t.regex(checkRules(spec(list), 'root')[0]!.detail, /oldSelf cannot be used on the uncorrelatable portion/)
})

test('values have the types of their schema', t => {
  const schema = spec(
    withRules(
      {
        type: 'object',
        properties: {
          when: { type: 'string', format: 'date-time' },
          wait: { type: 'string', format: 'duration' },
          share: { type: 'number' },
          port: { 'x-kubernetes-int-or-string': true },
          labels: { type: 'object', maxProperties: 5, additionalProperties: STRING },
          tags: { type: 'array', maxItems: 5, items: STRING },
        },
      },
      { rule: 'self.when < timestamp("2025-01-01T00:00:00Z") && self.wait > duration("1m")' },
      { rule: 'self.share * 2.0 == 1.0' },
      { rule: 'type(self.port) == int ? self.port > 0 : self.port == "http"' },
      { rule: 'self.labels.all(k, self.labels[k].startsWith("v")) && "a" in self.labels' },
      { rule: 'has(self.tags) && self.tags.exists(t, t == "x") && self.tags[0] == "x"' },
    ),
  )
  t.deepEqual(checkRules(schema, 'root'), [])
  const good = {
    when: '2024-01-01T00:00:00Z',
    wait: '90s',
    share: 0.5,
    port: 80,
    labels: { a: 'v1' },
    tags: ['x'],
  }
  t.deepEqual(faults(schema, { spec: good }), [])
  t.deepEqual(faults(schema, { spec: { ...good, port: 'http' } }), [])
  t.is(faults(schema, { spec: { ...good, port: 'https', tags: ['y'] } }).length, 2)
})

test('rules at the root see what every object has', t => {
  const schema = withRules(spec(replicas), {
    rule: 'self.metadata.name.startsWith("a") && self.kind == "Thing"',
  })
  t.deepEqual(checkRules(schema, 'root'), [])
  t.deepEqual(faults(schema, { kind: 'Thing', metadata: { name: 'abc' } }), [])
  t.is(faults(schema, { kind: 'Thing', metadata: { name: 'b' } })[0]!.split(':')[0], '<nil>')
})

const refused: [title: string, rule: ValidationRule, field: string, detail: RegExp][] = [
  [
    'an unknown field',
    { rule: 'self.none > 1' },
    'rule',
    /^compilation failed: ERROR: <input>:1:\d+: undefined field 'none'/,
  ],
  [
    'a test of an unknown field',
    { rule: 'has(self.min) && has(self.none)' },
    'rule',
    /^compilation failed: ERROR: <input>:1:21: undefined field 'none'/,
  ],
  ['no truth value', { rule: 'self.min' }, 'rule', /must evaluate to a bool/],
  ['no rule', { rule: ' ' }, 'rule', /rule is not specified/],
  ['a message of two lines', { rule: 'true', message: 'a\nb' }, 'message', /must not contain line breaks/],
  [
    'a rule of two lines without message',
    { rule: 'true ||\nfalse' },
    'message',
    /must be specified if rule contains line breaks/,
  ],
  ['another reason', { rule: 'true', reason: 'Because' }, 'reason', /supported values/],
  ['a path to nowhere', { rule: 'true', fieldPath: '.none' }, 'fieldPath', /^must be a valid path$/],
  [
    'a message that is no text',
    { rule: 'true', messageExpression: '1' },
    'messageExpression',
    /must evaluate to a string/,
  ],
  [
    'optionalOldSelf for nothing',
    { rule: 'true', optionalOldSelf: true },
    'optionalOldSelf',
    /may not be set/,
  ],
]

for (const [title, rule, field, detail] of refused) {
  test(`a rule is refused when its definition is made: ${title}`, async t => {
    await loadCel()
    const [error, ...more] = validateSchema(spec(withRules(replicas, rule)), 'root', { hasStatus: false })
    t.deepEqual(more, [])
    t.is(error!.field, `root.properties[spec].x-kubernetes-validations[0].${field}`)
    t.regex(error!.detail, detail)
  })
}

test('a rule that could cost too much is refused with advice', t => {
  const list = (more: object) => ({ type: 'array', items: STRING, ...more })
  const rule = { rule: 'self.all(a, self.all(b, a == b))' }
  const [error] = checkRules(spec(withRules(list({}), rule)), 'root')
  t.is(error!.type, 'FieldValueForbidden')
  t.regex(error!.detail, /^estimated rule cost exceeds budget by factor of more than 100x \(try simplifying/)
  t.deepEqual(checkRules(spec(withRules(list({ maxItems: 50 }), rule)), 'root'), [])
})

test('a rule that costs too much while it runs ends the validation', t => {
  const schema = spec(
    withRules({ type: 'array', items: INTEGER }, { rule: 'self.all(a, self.all(b, a + b >= 0))' }),
  )
  const [error, ...more] = faults(schema, { spec: Array.from({ length: 2_000 }, (_, i) => i) })
  t.deepEqual(more, [])
  t.regex(
    error!,
    /'operation cancelled: actual cost limit exceeded': no further validation rules will be run due to call cost exceeds limit for rule: self\.all/,
  )
})
