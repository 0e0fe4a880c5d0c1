import test from 'ava'
import fc from 'fast-check'
import { difference, isSameSet, LEAF, union } from '../../../../api/meta/managed-fields/field-set.ts'
import { Owner } from '../../../../api/meta/managed-fields/owner.ts'
import { pathTexts } from '../../../../api/meta/managed-fields/path-text.ts'
import { applyConfiguration } from '../../../../api/schema/merge/apply.ts'
import { compareValues } from '../../../../api/schema/merge/compare.ts'
import { extractSet } from '../../../../api/schema/merge/extract.ts'
import { singleForm } from '../../../../api/schema/merge/forms.ts'
import { mergeValues } from '../../../../api/schema/merge/merge.ts'
import type { MapType, MergeType } from '../../../../api/schema/merge/merge-type.ts'
import { openApiType } from '../../../../api/schema/merge/open-api-types.ts'
import { createdText } from '../../../../api/schema/merge/present-text.ts'
import { trackUpdate } from '../../../../api/schema/merge/track.ts'
import { trackedType } from '../../../../api/schema/merge/tracked.ts'
import { validateConfiguration } from '../../../../api/schema/merge/validate.ts'
import { loadSchemas } from '../../../../api/schema/schemas.ts'
import { SEED } from '../../../helpers/seed.ts'

fc.configureGlobal(SEED)

const string = { type: 'string' }

/** One of each kind of place. */
const type = trackedType(
  openApiType(
    {
      type: 'object',
      properties: {
        number: { type: 'integer' },
        struct: { type: 'object', properties: { a: string, b: string } },
        labels: { type: 'object', additionalProperties: string },
        atomicMap: {
          type: 'object',
          'x-kubernetes-map-type': 'atomic',
          additionalProperties: string,
        },
        atomicList: { type: 'array', items: string },
        set: { type: 'array', 'x-kubernetes-list-type': 'set', items: string },
        ports: {
          type: 'array',
          'x-kubernetes-list-type': 'map',
          'x-kubernetes-list-map-keys': ['port', 'protocol'],
          items: {
            type: 'object',
            properties: { port: { type: 'integer' }, protocol: { ...string, default: 'TCP' }, name: string },
          },
        },
        either: { 'x-kubernetes-int-or-string': true },
        free: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true },
      },
    },
    { kind: 'map', fields: new Map() },
  ),
  'all',
)

const forms = singleForm('v1', type)
const T0 = '2026-01-01T00:00:00Z'
const T1 = '2026-01-01T00:00:01Z'

const apply = (
  live: object,
  owners: readonly Owner[],
  manager: string,
  config: object,
  force = false,
  time = T0,
) =>
  applyConfiguration(owners, {
    forms,
    live,
    config,
    manager: { manager, operation: 'Apply', apiVersion: 'v1' },
    force,
    time,
  })

const update = (old: object, owners: readonly Owner[], manager: string, object: object, time = T0) =>
  trackUpdate(owners, {
    forms,
    old,
    object,
    manager: { manager, operation: 'Update', apiVersion: 'v1' },
    time,
  })

const paths = (owners: readonly Owner[], manager: string): string[] =>
  pathTexts(owners.find(owner => owner.manager === manager)?.fields ?? LEAF)

/** Title, live object, configuration, what comes out. */
const MERGES: [string, object, object, object][] = [
  ['a scalar', { number: 1 }, { number: 2 }, { number: 2 }],
  ['a struct field by field', { struct: { a: '1' } }, { struct: { b: '2' } }, { struct: { a: '1', b: '2' } }],
  ['a map key by key', { labels: { a: '1' } }, { labels: { b: '2' } }, { labels: { a: '1', b: '2' } }],
  ['an atomic map whole', { atomicMap: { a: '1' } }, { atomicMap: { b: '2' } }, { atomicMap: { b: '2' } }],
  ['an atomic list whole', { atomicList: ['a'] }, { atomicList: ['b'] }, { atomicList: ['b'] }],
  ['a set', { set: ['a', 'b'] }, { set: ['c', 'a'] }, { set: ['c', 'a', 'b'] }],
  [
    'a list by its keys',
    { ports: [{ port: 1, protocol: 'TCP', name: 'one' }] },
    { ports: [{ port: 1, name: 'uno' }, { port: 2 }] },
    { ports: [{ port: 1, protocol: 'TCP', name: 'uno' }, { port: 2 }] },
  ],
  [
    'a list in the order of the configuration, others in their places',
    { set: ['x', 'a', 'y', 'b', 'z'] },
    { set: ['b', 'n', 'a'] },
    { set: ['x', 'y', 'b', 'z', 'n', 'a'] },
  ],
  [
    'what has no schema: maps key by key, lists whole',
    { free: { m: { a: 1 }, l: [1] } },
    { free: { m: { b: 2 }, l: [2] } },
    { free: { m: { a: 1, b: 2 }, l: [2] } },
  ],
  ['a value of another type', { free: { m: { a: 1 } } }, { free: { m: 3 } }, { free: { m: 3 } }],
]

for (const [title, live, config, result] of MERGES) {
  test(`merge: ${title}`, t => t.deepEqual(mergeValues(type, live, config) as object, result))
}

/** Title, configuration, paths of its applier. */
const EXTRACTIONS: [string, object, string[]][] = [
  ['fields of structs, not structs', { struct: { a: '1' } }, ['.struct.a']],
  ['an empty struct', { struct: {} }, ['.struct']],
  ['keys of maps, not maps', { labels: { a: '1' } }, ['.labels.a']],
  ['an atomic map', { atomicMap: { a: '1' } }, ['.atomicMap']],
  ['an atomic list', { atomicList: ['a', 'b'] }, ['.atomicList']],
  ['items of a set', { set: ['a', 'b'] }, ['.set[="a"]', '.set[="b"]']],
  [
    'items of a list and what is in them, with defaulted keys',
    { ports: [{ port: 1, name: 'x' }] },
    [
      '.ports[port=1,protocol="TCP"]',
      '.ports[port=1,protocol="TCP"].name',
      '.ports[port=1,protocol="TCP"].port',
    ],
  ],
  ['maps without schema, each on the way', { free: { m: { a: 1 } } }, ['.free.m', '.free.m.a']],
  ['a null', { number: null }, ['.number']],
  ['nothing of an empty list that is merged', { set: [] }, []],
  ['not apiVersion, kind and the like', { apiVersion: 'v1', kind: 'X', number: 1 }, ['.number']],
]

for (const [title, config, expected] of EXTRACTIONS) {
  test(`an applier owns ${title}`, t => t.deepEqual(pathTexts(extractSet(type, config)), expected))
}

test('an updater owns what it added, containers with it, and what it changed', t => {
  const comparison = compareValues(
    type,
    { number: 1, struct: { a: '1' }, set: ['a'] },
    { number: 2, struct: { a: '1', b: '2' }, labels: { x: 'y' }, set: ['a', 'b'] },
  )
  t.deepEqual(pathTexts(comparison!.changed!), ['.labels', '.number', '.labels.x', '.set[="b"]', '.struct.b'])
  t.is(comparison!.removed, undefined)
})

test('what is removed is told with all that was in it', t => {
  const { changed, removed } = compareValues(type, { struct: { a: '1' }, set: ['a', 'b'] }, { set: ['b'] })!
  t.is(changed, undefined)
  t.deepEqual(pathTexts(removed!), ['.struct', '.set[="a"]', '.struct.a'])
})

test('items that are not told apart are one value', t => {
  const one = { port: 1, protocol: 'TCP', name: 'a' }
  const two = { port: 1, protocol: 'TCP', name: 'b' }
  t.is(compareValues(type, { ports: [one, two] }, { ports: [one, two] }), undefined)
  const both = compareValues(type, { ports: [one, two] }, { ports: [two, one] })
  t.deepEqual(pathTexts(both!.changed!), ['.ports[port=1,protocol="TCP"]'])
  const after = compareValues(type, { ports: [one, two] }, { ports: [one] })
  t.deepEqual(pathTexts(after!.removed!), ['.ports[port=1,protocol="TCP"]'])
})

/** Title, configuration, faults. */
const FAULTS: [string, object, string[]][] = [
  ['an unknown field', { struct: { c: 1 } }, ['.struct.c: field not declared in schema']],
  ['a number that is a string', { number: '1' }, ['.number: expected numeric (int or float), got string']],
  [
    'a string that is a number',
    { struct: { a: 1 } },
    ['.struct.a: expected string, got &value.valueUnstructured{Value:1}'],
  ],
  ['a map that is a list', { labels: ['a'] }, ['.labels: expected map, got &{[a]}']],
  ['a list that is a map', { set: { a: 1 } }, ['.set: expected list, got &{map[a:1]}']],
  ['an item twice', { set: ['a', 'a'] }, ['.set: duplicate entries for key [="a"]']],
  [
    'an item without its key',
    { ports: [{ name: 'x' }] },
    [
      '.ports: element 0: associative list with keys has an element that omits key field "port" (and doesn\'t have default value)',
    ],
  ],
  [
    'an item that is no object',
    { ports: ['x'] },
    ['.ports: element 0: associative list with keys may not have non-map elements'],
  ],
  ['nothing of what has no schema', { free: { a: [1], b: 'x' }, either: 1 }, []],
]

for (const [title, config, faults] of FAULTS) {
  test(`validation finds ${title}`, t => t.deepEqual(validateConfiguration(type, config), faults))
}

test('a field that is given up goes, unless somebody else owns it', t => {
  const first = apply({}, [], 'one', { struct: { a: '1', b: '1' }, set: ['x', 'y'] })
  const second = apply(first.object, first.owners, 'two', { struct: { b: '1' }, set: ['y'] })
  const third = apply(second.object, second.owners, 'one', { number: 1 })
  t.deepEqual(third.object, { struct: { b: '1' }, set: ['y'], number: 1 })
  const fourth = apply(third.object, third.owners, 'two', {})
  t.deepEqual(fourth.object, { number: 1 })
})

test('an item that is given up goes with what others own in it, unless they own the item', t => {
  const first = apply({}, [], 'one', { ports: [{ port: 1, name: 'a' }, { port: 2 }] })
  const changed = { ports: [{ port: 1, name: 'b' }, { port: 2 }] }
  const second = apply(changed, update(first.object, first.owners, 'two', changed), 'three', {
    ports: [{ port: 2, name: 'c' }],
  })
  const after = apply(second.object, second.owners, 'one', {})
  t.deepEqual(after.object, { ports: [{ port: 2, name: 'c' }] })
  t.deepEqual(paths(after.owners, 'two'), [])
})

test('an update that takes a field away takes it from all owners', t => {
  const first = apply({}, [], 'one', { labels: { a: '1', b: '1' } })
  const owners = update(first.object, first.owners, 'two', { labels: { b: '1' } })
  t.deepEqual(paths(owners, 'one'), ['.labels.b'])
  t.deepEqual(paths(owners, 'two'), [])
})

test('times change with what changed, and stay otherwise', t => {
  const first = apply({}, [], 'one', { number: 1 })
  const again = apply(first.object, first.owners, 'one', { number: 1 }, false, T1)
  t.is(again.object, first.object)
  t.is(again.owners[0]!.time, T0)
  const changed = apply(first.object, first.owners, 'one', { number: 2 }, false, T1)
  t.is(changed.owners[0]!.time, T1)
})

test('owners in a version that is not served are forgotten', t => {
  const old = new Owner({ manager: 'old', operation: 'Update', apiVersion: 'v0' }, {
    'f:number': {},
  } as never)
  t.deepEqual(
    apply({ number: 1 }, [old], 'one', { number: 2 }).owners.map(({ manager }) => manager),
    ['one'],
  )
})

const name = fc.constantFrom('a', 'b', 'c')
const value = fc.constantFrom('1', '2')

/** Any configuration of the type, with lists and maps of so many parts at least. */
function configurations(least: number) {
  const map = <T>(of: fc.Arbitrary<T>) =>
    fc.dictionary(name, of, { minKeys: least, maxKeys: 3, noNullPrototype: true })
  const port = fc.record({ port: fc.nat({ max: 3 }), name: value }, { requiredKeys: ['port'] })
  return fc.record(
    {
      number: fc.nat({ max: 3 }),
      struct: fc.oneof(
        fc.record({ a: value }),
        fc.record({ b: value }),
        fc.record({ a: value, b: value }),
        ...(least === 0 ? [fc.constant({})] : []),
      ),
      labels: map(value),
      atomicMap: map(value),
      atomicList: fc.array(value, { minLength: least, maxLength: 2 }),
      set: fc.uniqueArray(name, { minLength: least, maxLength: 3 }),
      ports: fc.uniqueArray(port, { selector: ({ port }) => port, minLength: least, maxLength: 3 }),
      either: fc.oneof(fc.nat({ max: 2 }), value),
      free: map(fc.oneof(value, map(value))),
    },
    { requiredKeys: [] },
  )
}

const ownedBy = (owners: readonly Owner[]) => owners.reduce((all, { fields }) => union(all, fields), LEAF)

/** Paths that have a value of their own: what must have an owner. */
const leaves = (set: Record<string, any>): string[] =>
  pathTexts(set as never).filter(
    (path, _, all) => !all.some(other => other.startsWith(`${path}.`) || other.startsWith(`${path}[`)),
  )

const step = (config: fc.Arbitrary<object>) =>
  fc.oneof(
    fc.record({ manager: fc.constantFrom('one', 'two', 'three'), isApply: fc.constant(true), config }),
    fc.record({ manager: fc.constantFrom('editor', 'controller'), isApply: fc.constant(false), config }),
  )

const full = configurations(1)
const steps = (config: fc.Arbitrary<object>) => fc.array(step(config), { minLength: 1, maxLength: 6 })

/** Writes one after the other, applies forced. */
function run(list: { manager: string; isApply: boolean; config: object }[]) {
  let live: object = {}
  let owners: readonly Owner[] = []
  for (const { manager, isApply, config } of list) {
    if (isApply) {
      const applied = apply(live, owners, manager, config, true)
      live = applied.object
      owners = applied.owners
    } else {
      owners = update(live, owners, manager, config)
      live = config
    }
  }
  return { live, owners }
}

test('the text of what a creator owns is that of what was added to nothing', t => {
  const pod = loadSchemas().mergeTypes.get('io.k8s.api.core.v1.Pod')
  const port = { containerPort: 80 }
  const objects: [MapType, object][] = [
    [type, { ports: [{ port: 1 }, { port: 1, name: 'x' }, { port: 2 }], struct: { a: undefined } }],
    [type, { free: { a: null, b: [], c: { d: {} } }, labels: { __proto__: null } }],
    [pod, { metadata: { labels: { a: 'b' }, finalizers: ['x/y'] }, spec: {}, status: {} }],
    [
      pod,
      {
        metadata: {},
        spec: {
          containers: [{ name: 'a', ports: [port, port], resources: {} }, { name: 'b' }],
          tolerations: [],
          securityContext: {},
        },
      },
    ],
    [pod, { spec: { containers: [] } }],
  ]
  const check = (type: MapType, object: object) => {
    const changed = compareValues(type, {}, object)?.changed ?? LEAF
    t.deepEqual(JSON.parse(createdText(type, object) || '{}'), changed)
  }
  for (const [type, object] of objects) check(type, object)
  fc.assert(fc.property(configurations(0), config => check(type, config)))
})

test('applying twice is a no-op', t => {
  fc.assert(
    fc.property(steps(configurations(0)), configurations(0), (list, config) => {
      const { live, owners } = run(list)
      const first = apply(live, owners, 'one', config, true, T0)
      const second = apply(first.object, first.owners, 'one', config, false, T1)
      t.is(second.object, first.object)
      t.deepEqual(second.conflicts, [])
      t.deepEqual(second.owners.map(({ text }) => text).sort(), first.owners.map(({ text }) => text).sort())
    }),
  )
})

test('what is in an object has an owner, and what has an owner is in the object', t => {
  fc.assert(
    fc.property(steps(full), list => {
      const { live, owners } = run(list)
      const owned = new Set(pathTexts(ownedBy(owners)))
      for (const path of leaves(extractSet(type as MergeType, live))) t.true(owned.has(path), path)
      const there = compareValues(type, undefined, live)!.changed!
      const gone = pathTexts(difference(ownedBy(owners), there))
      t.deepEqual(gone, [])
    }),
  )
})

test('a configuration that was applied is in the object, and applied by force never conflicts', t => {
  fc.assert(
    fc.property(steps(full), full, (list, config) => {
      const { live, owners } = run(list)
      const applied = apply(live, owners, 'four', config, true)
      t.deepEqual(applied.conflicts, [])
      t.is(compareValues(type, mergeValues(type, applied.object, config), applied.object), undefined)
      const mine = applied.owners.find(({ manager }) => manager === 'four')?.fields ?? LEAF
      t.true(isSameSet(mine, extractSet(type, config)))
    }),
  )
})

test('giving up what only I own takes it away, and leaves all that others own', t => {
  fc.assert(
    fc.property(steps(full), full, (list, config) => {
      const { live, owners } = run(list)
      const applied = apply(live, owners, 'one', config, true)
      const rest = ownedBy(applied.owners.filter(({ manager }) => manager !== 'one'))
      const empty = apply(applied.object, applied.owners, 'one', {}, true)
      const after = extractSet(type as MergeType, empty.object)
      const onlyMine = difference(extractSet(type, config), rest)
      for (const path of leaves(onlyMine)) t.false(leaves(after).includes(path), path)
      // Items that only I own go with all that is in them, and what held nothing else with them.
      const items = pathTexts(onlyMine)
      const lost = pathTexts(difference(rest, ownedBy(empty.owners)))
      t.deepEqual(
        lost.filter(path => !items.some(item => path.startsWith(item) || item.startsWith(path))),
        [],
      )
      t.false(empty.owners.some(({ manager, operation }) => manager === 'one' && operation === 'Apply'))
    }),
  )
})

test('the claim of a PersistentVolume is merged, although references are replaced whole elsewhere', t => {
  const volume = loadSchemas().mergeTypes.get('io.k8s.api.core.v1.PersistentVolume')!
  const owned = pathTexts(extractSet(volume, { spec: { claimRef: { name: 'c', namespace: 'n' } } }))
  t.deepEqual(owned.sort(), ['.spec.claimRef.name', '.spec.claimRef.namespace'])
})
