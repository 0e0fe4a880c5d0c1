import test from 'ava'
import { invalid } from '../../api/meta/status.ts'
import { strategies } from '../../control-plane/registry/strategies.ts'

interface Check {
  old?: object
  subresource?: string
}

/** An object as its kind's defaults leave it. */
export function filled<T extends object>(resource: string, object: T): T {
  const copy = structuredClone({ metadata: {}, ...object }) as any
  strategies[resource]!.defaults?.(copy)
  return copy
}

const contextOf = (subresource: string) => ({
  user: { name: 'tester', groups: [] },
  subresource,
  now: new Date(0),
})

/** An object as it would be stored, were there no rules and no admission. */
export function prepared(resource: string, object: object, { old, subresource = '' }: Check = {}): any {
  const strategy = strategies[resource]!
  const wanted = filled(resource, object) as any
  const stored = old && (filled(resource, old) as any)
  if (stored) strategy.prepareForUpdate?.(wanted, stored, contextOf(subresource))
  else strategy.prepareForCreate?.(wanted, contextOf(subresource))
  return wanted
}

/** What the rules of a resource (`deployments.apps`) say of an object, as `field: message`, as clients see it. */
export function faultsOf(resource: string, object: object, { old, subresource = '' }: Check = {}): string[] {
  const strategy = strategies[resource]!
  const context = contextOf(subresource)
  const wanted = prepared(resource, object, { ...(old && { old }), subresource })
  const stored = old && (filled(resource, old) as any)
  const specText = stored || !wanted.spec ? undefined : JSON.stringify(wanted.spec)
  const errors = strategy.validate?.(wanted, stored, { ...context, specText }) ?? []
  const { causes = [] } = invalid({ group: '', kind: 'Kind' }, 'name', errors).status.details!
  return causes.map(({ field, message }) => `${field}: ${message}`)
}

/** An object that is refused, with just these words. */
export const refused = test.macro({
  title: (_, what: string) => `refused: ${what}`,
  exec(t, _: string, resource: string, object: object, expected: string | string[], check: Check = {}) {
    t.deepEqual(faultsOf(resource, object, check), [expected].flat())
  },
})

/** An object that is fine. */
export const accepted = test.macro({
  title: (_, what: string) => `accepted: ${what}`,
  exec(t, _: string, resource: string, object: object, check: Check = {}) {
    t.deepEqual(faultsOf(resource, object, check), [])
  },
})

/** What clients are warned of, of an object that its kind's defaults have filled in. */
export function warningsOf(resource: string, object: object, old?: object): readonly string[] {
  const wanted = prepared(resource, object, { ...(old && { old }) })
  const stored = old && (filled(resource, old) as any)
  const specText = wanted.spec && JSON.stringify(wanted.spec)
  return strategies[resource]!.warnings?.(wanted, stored, specText) ?? []
}

/** An object that is taken, with just these warnings. */
export const warned = test.macro({
  title: (_, what: string) => `warned of: ${what}`,
  exec(t, _: string, resource: string, object: object, expected: string | string[], old?: object) {
    t.deepEqual(warningsOf(resource, object, old), [expected].flat())
  },
})
