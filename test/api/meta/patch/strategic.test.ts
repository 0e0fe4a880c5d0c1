import test from 'ava'
import fc from 'fast-check'
import { isSame } from '../../../../api/meta/patch/own.ts'
import { applyStrategicPatch } from '../../../../api/meta/patch/strategic.ts'
import { loadSchemas } from '../../../../api/schema/schemas.ts'
import { SEED } from '../../../helpers/seed.ts'

fc.configureGlobal(SEED)

const schemas = loadSchemas()
const schema = schemas.patchSchema('io.k8s.api.apps.v1.Deployment')
const podSchema = schemas.patchSchema('io.k8s.api.core.v1.Pod')

const containers = (...list: object[]): object => ({ spec: { template: { spec: { containers: list } } } })
const a = { name: 'a', image: 'a:1' }
const b = { name: 'b', image: 'b:1' }

const cases: [string, object, object, object][] = [
  [
    'an element of the same key is merged',
    containers(a, b),
    containers({ name: 'b', image: 'b:2' }),
    containers(a, { name: 'b', image: 'b:2' }),
  ],
  ['a new element stands in front', containers(a), containers(b), containers(b, a)],
  [
    '$patch: delete takes an element out',
    containers(a, b),
    containers({ name: 'a', $patch: 'delete' }),
    containers(b),
  ],
  [
    '$patch: replace in a list exchanges it',
    containers(a),
    containers({ $patch: 'replace' }, b),
    containers(b),
  ],
  [
    '$setElementOrder says where elements stand',
    containers(a, b),
    {
      spec: {
        template: {
          spec: {
            '$setElementOrder/containers': [{ name: 'a' }, { name: 'b' }, { name: 'c' }],
            containers: [{ name: 'c' }],
          },
        },
      },
    },
    containers(a, b, { name: 'c' }),
  ],
  [
    '$setElementOrder alone reorders',
    containers(a, b),
    { spec: { template: { spec: { '$setElementOrder/containers': [{ name: 'b' }, { name: 'a' }] } } } },
    containers(b, a),
  ],
  [
    'an element only the server has keeps its place among the ordered ones',
    containers(a, { name: 'sidecar' }, b),
    { spec: { template: { spec: { '$setElementOrder/containers': [{ name: 'a' }, { name: 'b' }] } } } },
    containers(a, { name: 'sidecar' }, b),
  ],
  [
    '$retainKeys clears the others',
    { spec: { strategy: { type: 'RollingUpdate', rollingUpdate: { maxSurge: 1 } } } },
    { spec: { strategy: { $retainKeys: ['type'], type: 'Recreate' } } },
    { spec: { strategy: { type: 'Recreate' } } },
  ],
  [
    'null deletes a member',
    { metadata: { labels: { a: '1', b: '2' } } },
    { metadata: { labels: { a: null } } },
    { metadata: { labels: { b: '2' } } },
  ],
  [
    'nulls of what is not there are left out',
    {},
    { metadata: { labels: { a: null, b: '1' } } },
    { metadata: { labels: { b: '1' } } },
  ],
  [
    '$patch: replace exchanges a map',
    { metadata: { labels: { a: '1' } } },
    { metadata: { labels: { $patch: 'replace', b: '2' } } },
    { metadata: { labels: { b: '2' } } },
  ],
  [
    '$patch: delete empties a map',
    { metadata: { labels: { a: '1' } } },
    { metadata: { labels: { $patch: 'delete' } } },
    { metadata: { labels: {} } },
  ],
  [
    'a list of scalars with merge strategy is a set',
    { metadata: { finalizers: ['a', 'b'] } },
    { metadata: { finalizers: ['b', 'c'] } },
    { metadata: { finalizers: ['a', 'b', 'c'] } },
  ],
  [
    '$deleteFromPrimitiveList takes scalars out',
    { metadata: { finalizers: ['a', 'b'] } },
    { metadata: { '$deleteFromPrimitiveList/finalizers': ['a'] } },
    { metadata: { finalizers: ['b'] } },
  ],
  [
    'an atomic list is replaced',
    containers({ ...a, args: ['1', '2'] }),
    containers({ name: 'a', args: ['3'] }),
    containers({ ...a, args: ['3'] }),
  ],
  [
    'ports are merged by containerPort',
    containers({ ...a, ports: [{ containerPort: 80, name: 'x' }, { containerPort: 81 }] }),
    containers({ name: 'a', ports: [{ containerPort: 80, name: 'y' }] }),
    containers({ ...a, ports: [{ containerPort: 80, name: 'y' }, { containerPort: 81 }] }),
  ],
]

for (const [title, target, patch, expected] of cases)
  test(`strategic merge patch: ${title}`, t => {
    const kept = structuredClone([target, patch])
    t.deepEqual(applyStrategicPatch(target, patch, schema), expected)
    t.deepEqual([target, patch], kept as [object, object])
  })

test('strategic merge patch: Pod conditions are merged by type, as a kubelet does', t => {
  const pod = {
    status: {
      conditions: [
        { type: 'Ready', status: 'False' },
        { type: 'PodScheduled', status: 'True' },
      ],
    },
  }
  const patch = {
    status: {
      '$setElementOrder/conditions': [{ type: 'Ready' }, { type: 'PodScheduled' }],
      conditions: [{ type: 'Ready', status: 'True' }],
    },
  }
  t.deepEqual(applyStrategicPatch(pod, patch, podSchema), {
    status: {
      conditions: [
        { type: 'Ready', status: 'True' },
        { type: 'PodScheduled', status: 'True' },
      ],
    },
  })
})

const faults: [string, object, RegExp][] = [
  [
    'an element without its key',
    containers({ image: 'x' }),
    /^map: map\[image:x\] does not contain declared merge key: name$/,
  ],
  [
    'an unknown directive',
    { metadata: { $patch: 'foo' } },
    /^unknown patch type: foo in map: map\[\$patch:foo\]$/,
  ],
  [
    '$retainKeys that misses a member set',
    { spec: { $retainKeys: ['replicas'], paused: true } },
    /^invalid patch format of retainKeys$/,
  ],
  [
    'primitives to delete that are no list',
    { metadata: { '$deleteFromPrimitiveList/finalizers': 'a' } },
    /^invalid patch format of primitive list$/,
  ],
  [
    'an order that is no list',
    { metadata: { '$setElementOrder/finalizers': 'a' } },
    /^expected a \[\]interface \{\}, but received a string$/,
  ],
  [
    'an order of what is no list',
    { metadata: { '$setElementOrder/finalizers': ['a'], finalizers: { a: 1 } } },
    /^expected a \[\]interface \{\}, but received a map\[string\]interface \{\}$/,
  ],
  [
    'elements that are not alike',
    { spec: { template: { spec: { containers: ['a'] } } } },
    /^list element types are not identical: \[\[map\[.*name:a.*\]\] \[a\]\]$/,
  ],
  [
    'an order that misses an element of the patch',
    {
      spec: {
        template: { spec: { '$setElementOrder/containers': [{ name: 'z' }], containers: [{ name: 'a' }] } },
      },
    },
    /^The order in patch list:\n\[map\[name:a\]\]\n doesn't match \$setElementOrder list:\n\[map\[name:z\]\]\n$/,
  ],
]

for (const [title, patch, message] of faults)
  test(`strategic merge patch: bad request for ${title}`, t => {
    const target = { metadata: { finalizers: ['a'] }, ...containers(a) }
    const error = t.throws(() => applyStrategicPatch(target, patch, schema), { message })
    t.is((error as { code?: unknown }).code, 400)
  })

test('strategic merge patch: elements patched in their own order come out as those put in that order', t => {
  const item = fc.record(
    {
      type: fc.constantFrom('A', 'B', 'C', 'D'),
      status: fc.constantFrom('True', 'False', null),
      message: fc.string({ maxLength: 2 }),
    },
    { requiredKeys: ['type'] },
  )
  const list = fc.array(item, { maxLength: 4 })
  fc.assert(
    fc.property(list, list, fc.boolean(), (old, other, isAligned) => {
      const patch = isAligned ? old.map(({ type }, i) => ({ ...other[i], type })) : other
      const target = { status: { conditions: old } }
      const distinct = new Set(patch.map(({ type }) => type)).size === patch.length
      const plain = applyStrategicPatch(target, { status: { conditions: patch } }, podSchema)
      const order = { '$setElementOrder/conditions': patch.map(({ type }) => ({ type })) }
      if (!distinct) return
      t.deepEqual(plain, applyStrategicPatch(target, { status: { conditions: patch, ...order } }, podSchema))
    }),
  )
})

test('strategic merge patch without a schema merges maps and replaces lists', t => {
  const result = applyStrategicPatch({ a: { b: 1, l: [1] } }, { a: { c: 2, l: [2] } }, undefined)
  t.deepEqual(result, { a: { b: 1, c: 2, l: [2] } })
})

const container = fc.record({ name: fc.constantFrom('a', 'b', 'c', 'd'), image: fc.string() })
const list = fc.uniqueArray(container, { selector: ({ name }) => name })

test('strategic merge patch: applying it again changes nothing, and every key given is there once', t => {
  fc.assert(
    fc.property(list, list, (live, wanted) => {
      const patch = containers(...wanted)
      const once = applyStrategicPatch(containers(...live), patch, schema) as any
      const names: string[] = once.spec.template.spec.containers.map(({ name }: { name: string }) => name)
      const expected = new Set<string>([...live, ...wanted].map(({ name }) => name))
      const isComplete = names.length === expected.size && names.every(name => expected.has(name))
      return isComplete && isSame(applyStrategicPatch(once, patch, schema), once)
    }),
  )
  t.pass()
})
