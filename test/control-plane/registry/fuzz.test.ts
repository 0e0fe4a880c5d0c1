import test from 'ava'
import fc from 'fast-check'
import { builtinKinds } from '../../../api/kinds/builtin.ts'
import { resourceName } from '../../../api/kinds/kind.ts'
import { isReference, splitType } from '../../../api/schema/definition.ts'
import { loadSchemas } from '../../../api/schema/schemas.ts'
import { loadCel } from '../../../control-plane/cel/lazy.ts'
import { strategies } from '../../../control-plane/registry/strategies.ts'

// Handlers load what a kind's rules need before they ask them.
await loadCel()

const schemas = loadSchemas()
const { definitions } = schemas
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

/** Values of a type of the schema: what a decoder can hand to the rules. */
function valuesOf(type: string, depth: number): fc.Arbitrary<unknown> {
  const { container, inner } = splitType(type)
  if (container === '[]') return fc.array(valuesOf(inner, depth), { maxLength: 2 })
  if (container === '{}')
    return fc.dictionary(scalars.string as never, valuesOf(inner, depth), { maxKeys: 2 })
  if (isReference(type)) return objectOf(type, depth + 1)
  return scalars[type] ?? fc.constant({})
}

const made = new Map<string, fc.Arbitrary<object>>()

function objectOf(name: string, depth: number): fc.Arbitrary<object> {
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

/** Kinds whose rules for updates take it that what is stored is sound. */
const TRUSTING = new Set(['customresourcedefinitions.apiextensions.k8s.io'])

const context = { user: { name: 'u', groups: [] }, now: new Date(0) }
const stored = builtinKinds.filter(kind => kind.stored !== false && strategies[resourceName(kind)])

for (const kind of stored) {
  const resource = resourceName(kind)
  test(`whatever a ${kind.kind} of ${kind.version} holds, its rules answer - ${resource}`, t => {
    const strategy = strategies[resource]!
    const object = fc.tuple(objectOf(kind.schema, 0), objectOf(kind.schema, 0), objectOf(kind.schema, 0))
    const hasSpec = 'spec' in definitions[kind.schema]!.fields
    const fill = (given: object): any => {
      const copy = {
        ...structuredClone(given),
        metadata: { namespace: 'n', ...(given as any).metadata, uid: 'u' },
      } as any
      if (hasSpec && isReference(definitions[kind.schema]!.fields.spec!)) copy.spec ??= {}
      strategy.defaults?.(copy)
      return copy
    }
    const property = fc.check(
      fc.property(object, ([first, second, third]) => {
        const fresh = fill(first)
        strategy.prepareForCreate?.(fresh, { ...context, subresource: '' })
        const faults = strategy.validate?.(fresh, undefined, { ...context, subresource: '' }) ?? []
        strategy.warnings?.(fresh, undefined)
        if (TRUSTING.has(resource)) return true
        const old = fill(second)
        for (const subresource of ['', 'status', ...Object.keys(kind.subresources?.other ?? {})]) {
          const wanted = fill(third)
          strategy.prepareForUpdate?.(wanted, old, { ...context, subresource })
          strategy.warnings?.(wanted, old)
          const more = strategy.validate?.(wanted, old, { ...context, subresource }) ?? []
          if (
            ![...faults, ...more].every(
              ({ field, detail }) => typeof field + typeof detail === 'stringstring',
            )
          )
            return false
        }
        return true
      }),
      { numRuns: 150 },
    )
    const { counterexample, errorInstance } = property
    t.is(property.failed && `${JSON.stringify(counterexample)}: ${(errorInstance as Error)?.stack}`, false)
  })
}
