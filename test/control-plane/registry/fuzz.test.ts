import test from 'ava'
import fc from 'fast-check'
import { builtinKinds } from '../../../api/kinds/builtin.ts'
import { resourceName } from '../../../api/kinds/kind.ts'
import { isReference } from '../../../api/schema/definition.ts'
import { loadSchemas } from '../../../api/schema/schemas.ts'
import { loadCel } from '../../../control-plane/cel/lazy.ts'
import { strategies } from '../../../control-plane/registry/strategies.ts'
import { objectsOf } from '../../helpers/schema-values.ts'
import { SEED } from '../../helpers/seed.ts'

// Handlers load what a kind's rules need before they ask them.
await loadCel()

const { definitions } = loadSchemas()

/** Kinds whose rules for updates take it that what is stored is sound. */
const TRUSTING = new Set(['customresourcedefinitions.apiextensions.k8s.io'])

const context = { user: { name: 'u', groups: [] }, now: new Date(0) }
const stored = builtinKinds.filter(kind => kind.stored !== false && strategies[resourceName(kind)])

for (const kind of stored) {
  const resource = resourceName(kind)
  test(`whatever a ${kind.kind} of ${kind.version} holds, its rules answer - ${resource}`, t => {
    const strategy = strategies[resource]!
    const object = fc.tuple(objectsOf(kind.schema), objectsOf(kind.schema), objectsOf(kind.schema))
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
      { ...SEED, numRuns: 150 },
    )
    const { counterexample, errorInstance } = property
    t.is(property.failed && `${JSON.stringify(counterexample)}: ${(errorInstance as Error)?.stack}`, false)
  })
}
