import test from 'ava'
import type { JsonSchemaProps } from '../../../api/kinds/apiextensions.ts'
import { estimateCost } from '../../../control-plane/cel/check-rules.ts'
import { compile } from '../../../control-plane/cel/environment.ts'
import { SchemaTypes } from '../../../control-plane/cel/schema-types.ts'

type Schema = JsonSchemaProps
/** A schema whose size is limited, or not when there is no limit. */
type Make = (limit?: number) => Schema

function schemaOf(name: string): Schema {
  if (name === 'int-or-string') return { 'x-kubernetes-int-or-string': true }
  return ['duration', 'date', 'date-time', 'byte'].includes(name)
    ? { type: 'string', format: name }
    : { type: name }
}
const listOf =
  (items: Schema): Make =>
  limit => ({ type: 'array', items, ...(limit !== undefined && { maxItems: limit }) })
const mapOf =
  (additionalProperties: Schema): Make =>
  limit => ({ type: 'object', additionalProperties, ...(limit !== undefined && { maxProperties: limit }) })
const text: Make = limit => ({ type: 'string', ...(limit !== undefined && { maxLength: limit }) })
const bytes: Make = limit => ({ ...text(limit), format: 'byte' })
const lists = (name: string): Make => listOf(schemaOf(name))
const maps = (name: string): Make => mapOf(schemaOf(name))
const objects: Make = listOf({
  type: 'object',
  required: ['required'],
  properties: { required: { type: 'string' }, optional: { type: 'string' } },
})
const textLists: Make = limit => listOf(text(limit))(limit)
const replacing: Make = limit => ({
  type: 'object',
  properties: { str: text(limit), before: text(2), after: text(4), separator: text(limit) },
})
const letters: Make = limit => ({ ...text(limit), enum: ['A', 'B', 'C', 'LongValue'] })

/** What upstream's estimator says of a rule, without a limit of size and with one. */
const ESTIMATES: [make: Make, rule: string, without: number, limit: number, within: number][] = [
  [lists('number'), 'self.all(x, true)', 4_718_591, 10, 32],
  [lists('string'), 'self.all(x, true)', 3_145_727, 20, 62],
  [lists('boolean'), 'self.all(x, true)', 1_887_437, 5, 17],
  [listOf(lists('number')()), 'self.all(x, true)', 3_145_727, 100, 302],
  [objects, 'self.all(x, true)', 555_128, 50, 152],
  [maps('number'), 'self.all(x, true)', 1_348_169, 10, 32],
  [maps('string'), 'self.all(x, true)', 1_179_647, 3, 11],
  [maps('boolean'), 'self.all(x, true)', 943_718, 100, 302],
  [text, "self.contains('test')", 314_574, 10, 5],
  [text, "self.startsWith('test')", 2, 15, 2],
  [text, 'size(self + "hello") > size("hello")', 314_578, 4, 7],
  [lists('number'), 'self[1] == 0.0', 2, 5_000, 2],
  [lists('string'), 'self[1] == self[1]', 314_577, 8, 314_577],
  [lists('number'), 'self.all(x, self.all(y, true))', 7_421_701_914_624, 10, 352],
  [text, 'self.matches("x")', 314_574, 50, 22],
  [text, '"".matches("(((((((((())))))))))[0-9]")', 7, 10, 7],
  [limit => mapOf(text(limit))(limit), 'self.all(x, x.contains(self[x]))', 2_752_507, 10, 72],
  [text, 'self == "x"', 2, 0, 1],
  [bytes, 'self == b"x"', 2, 0, 1],
  [lists('number'), 'self.all(x, x == 0.0)', 6_291_454, 3 * 1024 * 2048, 25_165_826],
  [lists('int-or-string'), 'self.all(x, true)', 4_718_591, 10, 32],
  [lists('int-or-string'), 'self[0] == 5', 3, 10, 3],
  [lists('boolean'), 'self[0] == false', 2, 25, 2],
  [objects, 'self[0] == null', 2, 422, 2],
  [listOf(lists('number')()), 'self[0][0] == -1.0', 3, 51, 3],
  [listOf(maps('number')()), 'self.all(x, x.y == 25.2)', 6_291_452, 12, 74],
  [listOf(maps('number')()), 'self[0].x > 2.0', 4, 3_000, 4],
  [lists('duration'), 'self.all(x, true)', 2_359_295, 5, 17],
  [lists('duration'), 'self[0].getHours() == 2', 4, 525, 4],
  [lists('date'), 'self.all(x, true)', 725_936, 15, 47],
  [lists('date-time'), 'self.all(x, true)', 428_963, 25, 77],
  [maps('int-or-string'), 'self.all(x, true)', 1_348_169, 15, 47],
  [mapOf(maps('number')()), 'self.all(x, true)', 1_179_647, 10, 32],
  [maps('duration'), 'self.all(x, true)', 1_048_577, 5, 17],
  [maps('date'), 'self.all(x, true)', 524_288, 10, 32],
  [maps('date-time'), 'self.all(x, true)', 349_526, 25, 77],
  [text, "self.find('[0-9]+') == ''", 629_147, 10, 11],
  [textLists, "self.join(' ') == 'aa bb'", 329_853_068_905, 10, 43],
  [textLists, 'self.isSorted() == true', 329_854_432_052, 10, 52],
  [replacing, "self.str.replace(self.before, self.after) == 'does not matter'", 629_154, 4, 12],
  [replacing, 'self.str.split(self.separator) == []', 629_160, 10, 22],
  [text, "self.lowerAscii() == 'lower!'", 314_575, 10, 6],
  [maps('integer'), 'oldSelf.size() == self.size()', 5, 10, 5],
  [maps('date-time'), 'self["a"] == self["b"]', 8, 7, 8],
  [maps('duration'), 'self["c"] == self["d"]', 8, 42, 8],
  [letters, "self.contains('A')", 2, 1_000, 401],
  [limit => ({ ...text(limit), ...schemaOf('int-or-string') }), 'isQuantity(self)', 314_574, 20, 9],
]

function estimate(schema: Schema, rule: string): number {
  const types = new SchemaTypes()
  const declaration = types.declare(schema, 'selfType')!
  const environment = types.environment.clone()
  environment.registerVariable('self', declaration.type)
  environment.registerVariable('oldSelf', declaration.type)
  return estimateCost(compile(environment, rule), declaration)
}

for (const [i, [make, rule, without, limit, within]] of ESTIMATES.entries()) {
  test(`a rule is estimated as upstream does: ${i}: ${rule}`, t => {
    t.is(estimate(make(), rule), without)
    t.is(estimate(make(limit), rule), within)
  })
}
