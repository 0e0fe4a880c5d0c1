import fc from 'fast-check'
import { isReference, splitType } from '../../api/schema/definition.ts'
import { loadSchemas } from '../../api/schema/schemas.ts'

const { definitions } = loadSchemas()
const DEEPEST = 7
/** What rules look for, and what they trip over. */
const WORDS = [
  '',
  'a',
  'A_b',
  'Always',
  'Never',
  'In',
  'Exists',
  'RollingUpdate',
  'Local',
  'TCP',
  'None',
  '10.0.0.1',
]

const scalars: Record<string, fc.Arbitrary<unknown>> = {
  string: fc.oneof(fc.constantFrom(...WORDS), fc.string({ maxLength: 6 })),
  boolean: fc.boolean(),
  double: fc.double({ noNaN: true }),
  int32: fc.oneof(fc.integer({ min: -2, max: 3 }), fc.integer()),
  int64: fc.oneof(fc.integer({ min: -2, max: 3 }), fc.maxSafeInteger()),
  bytes: fc.uint8Array({ maxLength: 6 }).map(bytes => Buffer.from(bytes).toString('base64')),
  quantity: fc.constantFrom('0', '1', '-1', '500m', '1Gi', '3'),
  intOrString: fc.oneof(fc.integer({ min: -1, max: 3 }), fc.constantFrom('25%', 'x', '')),
  time: fc.constant('2025-01-01T00:00:00Z'),
  microTime: fc.constant('2025-01-01T00:00:00.000000Z'),
}

/** Values of a type of the schema: what a decoder can hand to the rules. Few deep ones for a great `depth`. */
export function valuesOf(type: string, depth = 0): fc.Arbitrary<unknown> {
  const { container, inner } = splitType(type)
  if (container === '[]') return fc.array(valuesOf(inner, depth), { maxLength: 2 })
  if (container === '{}')
    return fc.dictionary(scalars.string as never, valuesOf(inner, depth), { maxKeys: 2 })
  if (isReference(type)) return objectsOf(type, depth + 1)
  return scalars[type] ?? fc.constant({})
}

const made = new Map<string, fc.Arbitrary<object>>()

/** Objects of a definition of the schema, any of whose fields may be left out. */
export function objectsOf(name: string, depth = 0): fc.Arbitrary<object> {
  const definition = definitions[name]
  if (!definition || depth > DEEPEST) return fc.constant({})
  const key = `${name}@${depth}`
  const known = made.get(key)
  if (known) return known
  const fields = Object.fromEntries(
    Object.entries(definition.fields).map(([field, type]) => [field, valuesOf(type, depth)]),
  )
  const object = fc.record(fields, { requiredKeys: [] }) as fc.Arbitrary<object>
  made.set(key, object)
  return object
}

/** What no field is made for. */
const ODD: readonly unknown[] = [
  null,
  '',
  'x'.repeat(300),
  '\u0000/\ud83d\ude00',
  -1,
  0.5,
  2 ** 53,
  1e30,
  true,
  [],
  [null],
  [[]],
  {},
  { a: null },
  { a: { a: [{ a: 'a' }] } },
  JSON.parse('{"__proto__": {"a": 1}, "constructor": "a", "toString": null}'),
]

interface Place {
  container: any
  key: string
  type: string
}

/** Every field that the schema knows in what an object holds. */
function placesIn(value: any, type: string): Place[] {
  const { container, inner } = splitType(type)
  if (container) return value ? Object.values(value).flatMap(item => placesIn(item, inner)) : []
  if (!value || typeof value !== 'object') return []
  return Object.entries(definitions[type]?.fields ?? {}).flatMap(([key, type]) => [
    { container: value, key, type },
    ...placesIn(value[key], type),
  ])
}

/** A copy of an object with one to three of its fields taken out, or with other values, right or wrong in type. */
export function mutated(draw: fc.GeneratorValue, object: object, schema: string): any {
  const copy = structuredClone(object)
  const count = draw(fc.integer, { min: 1, max: 3 })
  for (let i = 0; i < count; i++) {
    const places = placesIn(copy, schema)
    const { container, key, type } = places[draw(fc.nat, places.length - 1)]!
    const way = draw(fc.nat, 9)
    if (way === 0) delete container[key]
    else if (way < 5) container[key] = structuredClone(ODD[draw(fc.nat, ODD.length - 1)])
    else container[key] = draw(valuesOf, type, 4)
  }
  return copy
}
