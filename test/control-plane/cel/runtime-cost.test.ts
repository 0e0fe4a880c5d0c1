import test from 'ava'
import type { JsonSchemaProps } from '../../../api/kinds/apiextensions.ts'
import { compile } from '../../../control-plane/cel/environment.ts'
import { SchemaTypes } from '../../../control-plane/cel/schema-types.ts'

type Schema = JsonSchemaProps
const TEXT: Schema = { type: 'string' }
const INT: Schema = { type: 'integer' }
const NUMBER: Schema = { type: 'number' }
const object = (properties: Record<string, Schema>): Schema => ({ type: 'object', properties })
const list = (items: Schema, more: Partial<Schema> = {}): Schema => ({ type: 'array', items, ...more })
const setOf = (items: Schema): Schema => list(items, { 'x-kubernetes-list-type': 'set' })
const keyed = (items: Schema): Schema =>
  list(items, { 'x-kubernetes-list-type': 'map', 'x-kubernetes-list-map-keys': ['k'] })
const mapOf = (value: Schema): Schema => ({ type: 'object', additionalProperties: value })
const format = (name: string): Schema => ({ type: 'string', format: name })

/** Expressions that are true, with what upstream's evaluator says that they cost: v1.34's table of stable costs. */
const COSTS: [
  what: string,
  properties: Record<string, Schema>,
  value: object,
  costs: Record<string, number>,
][] = [
  [
    'numbers',
    { a: INT, b: INT, n: NUMBER },
    { a: 5, b: 5, n: 10 },
    {
      'self.a == self.b': 5,
      'type(self.a) == int': 4,
      'self.a + 1 == 5 + 1': 5,
      'double(self.a) < self.n': 6,
      'double(5) < 10.0': 1,
      'self.a < self.n': 5,
    },
  ],
  [
    'texts',
    { a: TEXT },
    { a: 'Rook takes 👑' },
    {
      "self.a.startsWith('Rook')": 4,
      "!self.a.startsWith('knight')": 5,
      "self.a.matches('^[^0-9]*$')": 8,
      'size(self.a) == 12': 4,
      "self.a.charAt(3) == 'k'": 4,
      "self.a.indexOf('o', 2) == 2": 4,
      "self.a.replace(' ', 'x') == 'Rookxtakesx👑'": 7,
      "self.a.split(' ') == ['Rook', 'takes', '👑']": 6,
      "self.a.substring(4, 10).trim() == 'takes'": 6,
      "self.a.upperAscii() == 'ROOK TAKES 👑'": 6,
      'self.a.lowerAscii() == self.a.lowerAscii()': 10,
      "'%e'.format([3.14]) == '3.140000×10⁰⁰'": 3,
      "'%b %b %b'.format([7, 8, 9]) == '111 1000 1001'": 3,
    },
  ],
  [
    'bytes and times',
    { a: format('byte'), d: format('duration'), t: format('date-time'), s: TEXT },
    { a: 'QUI=', d: '1h2m3s4ms', t: '2011-08-18T19:03:37.01+01:00', s: '2011-08-18T19:03:37.01+01:00' },
    {
      "self.a == b'AB'": 3,
      "self.d == duration('1h2m') + duration('3s4ms')": 4,
      'self.d.getHours() == 1': 4,
      "self.t == timestamp('2011-08-18T00:00:00.000+01:00') + duration('19h3m37s10ms')": 4,
      "self.t.getDate('01:00') == 18": 4,
      'type(self.t) == google.protobuf.Timestamp': 4,
      'string(self.t) == self.s': 8,
      'timestamp(self.s) == self.t': 6,
    },
  ],
  [
    'lists and sets',
    { a: list(INT), b: list(INT), c: setOf(TEXT), d: setOf(TEXT) },
    { a: [1, 2, 3], b: [1, 2, 3], c: ['a', 'b', 'c'], d: ['a', 'c', 'b'] },
    {
      '1 in self.a': 5,
      'self.b[0] in self.a': 8,
      'self.a + self.b == [1, 2, 3, 1, 2, 3]': 6,
      'self.a + [4, 5] == [1, 2, 3, 4, 5]': 4,
      'self.c == self.d': 5,
      "self.c == ['c', 'b', 'a']": 3,
      "self.c + ['c', 'd'] == ['a', 'b', 'c', 'd']": 4,
      "sets.contains(self.c, ['a'])": 6,
      "sets.equivalent(self.c, ['a', 'b', 'c'])": 21,
      'has(self.a) && has(self.b)': 2,
    },
  ],
  [
    'lists that are maps',
    { objs: list(keyed(object({ k: TEXT, v: TEXT }))) },
    {
      objs: [
        [
          { k: 'a', v: '1' },
          { k: 'b', v: '2' },
        ],
        [
          { k: 'b', v: '2' },
          { k: 'a', v: '1' },
        ],
        [
          { k: 'b', v: '3' },
          { k: 'a', v: '1' },
        ],
        [{ k: 'c', v: '4' }],
      ],
    },
    {
      'self.objs[0] == self.objs[1]': 7,
      'self.objs[0] + self.objs[2] == self.objs[2]': 11,
      'self.objs[0] == [self.objs[0][1], self.objs[0][0]]': 22,
      'size(self.objs[0] + [self.objs[3][0]]) == 3': 20,
    },
  ],
  [
    'maps and macros over them',
    { m: mapOf(INT) },
    { m: { b: 1, d: 2 } },
    {
      "!('a' in self.m)": 4,
      '!has(self.m.a)': 3,
      'self.m.all(k, self.m[k] > 0)': 17,
      '!self.m.exists(k, self.m[k] == 3)': 20,
      'self.m.exists_one(k, self.m[k] == 2)': 14,
      'size(self.m.filter(k, self.m[k] > 1)) == 1': 26,
      'self.m.all(k, v, v > 0)': 13,
      'self.m.existsOne(k, v, v == 2)': 10,
      'self.m.transformMap(k, v, v > 1, v + 1).size() == 1': 14,
      "self.m.transformMapEntry(k, v, {k + '2': v + 1}).size() == 2": 77,
    },
  ],
  [
    'macros over objects of which some lack a field',
    { l: keyed(object({ k: TEXT, v: TEXT, v2: TEXT })) },
    {
      l: [
        { k: 'a1', v: 'b1' },
        { k: 'a2', v: 'b2' },
        { k: 'a3', v: 'b3', v2: 'z' },
      ],
    },
    {
      "self.l.all(m, m.k.startsWith('a'))": 21,
      "self.l.all(m, !has(m.v2) || m.v2 == 'z')": 21,
      "self.l.map(m, m.v).exists(v, v == 'b1')": 55,
      "self.l.map(m, has(m.v2) && m.v2 == 'z', m.v2).size() == 1": 25,
      "self.l.exists(m, m.v2 == 'z')": 24,
      "!self.l.all(m, m.v2 != 'z')": 22,
      'self.l.transformList(i, m, m.v).size() == 3': 47,
    },
  ],
  [
    'fields that may be absent',
    { a: object({ b: INT, d: { ...INT, nullable: true } }), e: object({ f: object({ g: INT }) }) },
    { a: { b: 1, d: null }, e: {} },
    {
      'has(self.a.b)': 2,
      '!has(self.a.d)': 3,
      '!(has(self.e.f) && has(self.e.f.g))': 3,
    },
  ],
]

for (const [what, properties, value, costs] of COSTS) {
  test(`an evaluation costs what it costs upstream: ${what}`, t => {
    const types = new SchemaTypes()
    const declaration = types.declare(object(properties), 'selfType', true)!
    const environment = types.environment.clone()
    environment.registerVariable('self', declaration.type)
    for (const [expression, cost] of Object.entries(costs)) {
      const budget = { left: 1_000 }
      t.true(
        compile(environment, expression).evaluate({ self: declaration.convert(value) }, budget),
        expression,
      )
      t.is(1_000 - budget.left, cost, expression)
    }
  })
}
