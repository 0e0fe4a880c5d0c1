import test from 'ava'
import fc from 'fast-check'
import { startTestApiServer } from '../../helpers/api-server.ts'
import { definition, establish, version } from '../../helpers/custom-resources.ts'
import { SEED } from '../../helpers/seed.ts'

const api = await startTestApiServer()
test.after.always(() => api.stop())

const CRDS = '/apis/apiextensions.k8s.io/v1/customresourcedefinitions'
const GROUP = 'fuzz.example.com'
const PATH = `/apis/${GROUP}/v1/namespaces/default/things`

const WORDS = [
  ...[
    'type',
    'properties',
    'items',
    'additionalProperties',
    'default',
    'enum',
    'required',
    'anyOf',
    'not',
    'pattern',
  ],
  ...['nullable', 'format', 'maximum', 'maxItems', 'x-kubernetes-int-or-string', 'x-kubernetes-list-type'],
  ...['x-kubernetes-preserve-unknown-fields', 'x-kubernetes-embedded-resource', 'x-kubernetes-validations'],
]
const leaf = fc.oneof(
  fc.constantFrom(
    'object',
    'array',
    'string',
    'integer',
    'map',
    'set',
    '^(',
    'date-time',
    'self > 1',
    '__proto__',
  ),
  fc.integer(),
  fc.boolean(),
  fc.constant(null),
)
/** What looks like a schema, and is not always one. */
const { schema } = fc.letrec(tie => ({
  schema: fc.oneof(
    { maxDepth: 4, depthSize: 'medium' },
    leaf,
    fc.dictionary(fc.constantFrom(...WORDS, 'a', 'rule', 'message', '__proto__'), tie('schema'), {
      maxKeys: 4,
    }),
    fc.array(tie('schema'), { maxLength: 2 }),
  ),
}))

test('whatever stands in a definition is taken or refused, never a fault of the server', async t => {
  let i = 0
  await fc.assert(
    fc.asyncProperty(schema, schema, schema, async (openAPIV3Schema, subresources, names) => {
      const one = { ...version('v1'), schema: { openAPIV3Schema }, subresources }
      const body = definition(`f${i++}.example.com`, [one as never], i % 3 ? {} : { names })
      const { status, text } = await api.raw(CRDS, { body })
      if (status >= 500) throw new Error(text)
    }),
    { ...SEED, numRuns: 150 },
  )
  t.pass()
})

test('whatever stands in a custom resource is taken or refused, never a fault of the server', async t => {
  const spec = {
    n: { type: 'integer', minimum: 1, default: 1 },
    s: { type: 'string', format: 'date-time', nullable: true },
    any: { 'x-kubernetes-preserve-unknown-fields': true },
    port: { 'x-kubernetes-int-or-string': true, anyOf: [{ type: 'integer' }, { type: 'string' }] },
    map: { type: 'object', maxProperties: 5, additionalProperties: { type: 'string', maxLength: 9 } },
    pod: { type: 'object', 'x-kubernetes-embedded-resource': true, properties: { spec: { type: 'object' } } },
    list: {
      type: 'array',
      maxItems: 5,
      items: { type: 'object', required: ['k'], properties: { k: { type: 'string', maxLength: 9 } } },
      'x-kubernetes-list-type': 'map',
      'x-kubernetes-list-map-keys': ['k'],
    },
  }
  const one = version('v1', spec, { subresources: { status: {} } })
  one.schema!.openAPIV3Schema!.properties!.spec!['x-kubernetes-validations'] = [
    { rule: '!has(self.n) || self.n < 100' },
    { rule: '!has(self.map) || self.map.all(k, self.map[k] != "x")' },
    { rule: '!has(self.list) || !has(oldSelf.list) || self.list.size() >= oldSelf.list.size()' },
    { rule: '!has(self.port) || self.port != "none"' },
  ]
  await establish(api, definition(GROUP, [one]))
  const value = fc.oneof(
    fc.jsonValue({ maxDepth: 3 }),
    fc.constantFrom(
      null,
      '',
      0,
      [],
      {},
      [{ k: 'a' }, { k: 'a' }],
      { __proto__: 1 },
      { apiVersion: 1, metadata: 'x' },
    ),
  )
  const object = fc.dictionary(fc.constantFrom(...Object.keys(spec), 'other', '__proto__'), value)
  let i = 0
  await fc.assert(
    fc.asyncProperty(object, object, value, async (first, second, odd) => {
      const body = (spec: object, name: string) => ({
        apiVersion: `${GROUP}/v1`,
        kind: 'Thing',
        metadata: { name },
        spec,
        status: odd,
      })
      const name = `fuzz-${i++}`
      const asked = [
        () => api.raw(PATH, { body: body(first, name) }),
        () => api.raw(PATH, { body: { ...body(second, `odd-${i}`), metadata: odd } }),
        () =>
          api.raw(`${PATH}/${name}`, {
            method: 'PATCH',
            body: { spec: second },
            headers: { 'content-type': 'application/merge-patch+json' },
          }),
        () => api.raw(`${PATH}/${name}`),
      ]
      for (const ask of asked) {
        const { status, text, body } = await ask()
        if (status >= 500 && body?.reason) throw new Error(text)
      }
    }),
    { ...SEED, numRuns: 100 },
  )
  const { status } = await api.raw(PATH)
  t.is(status, 200)
})
