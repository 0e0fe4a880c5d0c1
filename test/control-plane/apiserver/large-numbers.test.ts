import { text } from 'node:stream/consumers'
import test from 'ava'
import { isConditionTrue } from '../../../control-plane/registry/crd/conditions.ts'
import { startTestApiServer } from '../../helpers/api-server.ts'
import { definition, establish, reached, version } from '../../helpers/custom-resources.ts'
import { startTlsServer } from '../../helpers/tls-server.ts'

/** 2⁵³ + 1: the first whole number that a double does not hold. */
const LARGE = '9007199254740993'

/** Converts without parsing, as these tests would lose the digits themselves. */
const webhook = await startTlsServer(async (request, response) => {
  const body = await text(request)
  const uid = /"uid":"([^"]*)","desiredAPIVersion"/.exec(body)![1]
  const wanted = /"desiredAPIVersion":"([^"]*)"/.exec(body)![1]
  const objects = /"objects":(\[.*\])\}\}$/s
    .exec(body)![1]!
    .replaceAll(/"apiVersion":"large[^"]*"/g, `"apiVersion":"${wanted}"`)
  response.setHeader('content-type', 'application/json')
  response.end(
    `{"kind":"ConversionReview","apiVersion":"apiextensions.k8s.io/v1","response":{"uid":"${uid}","result":{"status":"Success"},"convertedObjects":${objects}}}`,
  )
})
const api = await startTestApiServer()
test.after.always(async () => {
  await api.stop()
  await webhook.stop()
})

const pathOf = (group: string, v = 'v1') => `/apis/${group}/${v}/namespaces/default/things`
const thing = (group: string, name: string, spec: string) =>
  `{"apiVersion":"${group}/v1","kind":"Thing","metadata":{"name":"${name}"},"spec":${spec}}`
const create = (group: string, name: string, spec: string, query = '') =>
  api.raw(pathOf(group) + query, { body: thing(group, name, spec) })
const patch = (path: string, body: string, type = 'merge-patch+json') =>
  api.raw(path, { method: 'PATCH', body, headers: { 'content-type': `application/${type}` } })
/** The spec of an answer, as it was written. */
const specOf = ({ text }: { text: string }) => /"spec":(\{.*?\})(?:,"status"|\}$)/s.exec(text)?.[1]

const ANY = { 'x-kubernetes-preserve-unknown-fields': true }

test.serial('whole numbers of custom resources keep their digits in all that is done to them', async t => {
  const group = 'kept.example.com'
  const made = version(
    'v1',
    { n: { type: 'integer' }, any: ANY },
    {
      additionalPrinterColumns: [
        { name: 'N', type: 'integer', jsonPath: '.spec.n' },
        { name: 'Text', type: 'string', jsonPath: '.spec.n' },
      ],
      selectableFields: [{ jsonPath: '.spec.n' }],
    },
  )
  await establish(api, definition(group, [made]))
  const path = `${pathOf(group)}/a`
  const spec = `{"n":${LARGE},"any":{"list":[-${LARGE},9223372036854775807,9223372036854775808,1e18,1.0]}}`
  const kept = `{"n":${LARGE},"any":{"list":[-${LARGE},9223372036854775807,9223372036854776000,1000000000000000000,1]}}`
  t.is(specOf(await create(group, 'a', spec)), kept)
  t.is(specOf(await api.raw(path)), kept)
  await api.restart()
  t.is(specOf(await patch(path, '{"metadata":{"labels":{"a":"b"}}}')), kept)
  t.true((await api.raw(pathOf(group))).text.includes(kept))
  const table = await api.raw(pathOf(group), {
    headers: { accept: 'application/json;as=Table;v=v1;g=meta.k8s.io' },
  })
  t.true(table.text.includes(`"cells":["a",${LARGE},"${LARGE}"]`), table.text)
  const found = await api.raw(`${pathOf(group)}?fieldSelector=spec.n%3D${LARGE}`)
  t.is(found.body.items.length, 1)
  const yaml = await api.raw(path, { headers: { accept: 'application/yaml' } })
  t.regex(yaml.text, new RegExp(`"n": ${LARGE}\n`))
  const test = (value: string) =>
    patch(
      path,
      `[{"op":"test","path":"/spec/n","value":${value}},{"op":"add","path":"/spec/n","value":9007199254740995}]`,
      'json-patch+json',
    )
  t.is((await test('9007199254740992')).status, 422)
  t.is(specOf(await test(LARGE)), kept.replace(LARGE, '9007199254740995'))
  const before = (await api.raw(path)).body.metadata
  const same = await patch(path, '{"spec":{"n":9007199254740995}}')
  t.is(same.body.metadata.resourceVersion, before.resourceVersion)
  const other = await patch(path, '{"spec":{"n":9007199254740996}}')
  t.is(other.body.metadata.generation, before.generation + 1)
  const written = await api.raw(pathOf(group), {
    body: `apiVersion: ${group}/v1\nkind: Thing\nmetadata: {name: b}\nspec: {n: ${LARGE}, any: [0x7fffffffffffffff, 9223372036854775808]}\n`,
    headers: { 'content-type': 'application/yaml' },
  })
  t.is(specOf(written), `{"n":${LARGE},"any":[9223372036854775807,9223372036854776000]}`)
})

test.serial('schemas and rules know whole numbers to the last digit', async t => {
  const group = 'ruled.example.com'
  const integer = { type: 'integer' }
  const properties = {
    text: { type: 'string' },
    most: { ...integer, maximum: 9007199254740992 },
    third: { ...integer, multipleOf: 3 },
    flag: integer,
    size: { type: 'number' },
    port: { 'x-kubernetes-int-or-string': true },
    one: { ...integer, enum: [1, 2] },
    set: { type: 'array', items: integer, 'x-kubernetes-list-type': 'set' },
    sum: {
      type: 'object',
      properties: { a: integer, b: integer },
      'x-kubernetes-validations': [{ rule: 'self.a + 1 == self.b' }],
    },
  }
  await establish(api, definition(group, [version('v1', properties)]))
  const cases: [string, RegExp | undefined][] = [
    [`{"text":${LARGE}}`, /spec.text in body must be of type string: "integer"/],
    ['{"flag":1e18}', /spec.flag in body must be of type integer: "number"/],
    ['{"flag":12345678901234567890}', /spec.flag in body must be of type integer: "number"/],
    ['{"most":9007199254740992}', undefined],
    [
      `{"most":${LARGE}}`,
      /Invalid value: 9007199254740993: spec.most in body should be less than or equal to 9007199254740992/,
    ],
    [`{"third":${LARGE}}`, undefined],
    ['{"third":9007199254740994}', /9007199254740994: spec.third in body should be a multiple of 3/],
    [`{"size":${LARGE},"port":${LARGE}}`, undefined],
    [`{"one":${LARGE}}`, /Unsupported value: 9007199254740993/],
    [`{"set":[9007199254740992,${LARGE}]}`, undefined],
    [`{"set":[${LARGE},${LARGE}]}`, /spec.set\[1\]: Duplicate value: 9007199254740993/],
    [`{"sum":{"a":${LARGE},"b":9007199254740994}}`, undefined],
    [`{"sum":{"a":${LARGE},"b":9007199254740995}}`, /failed rule: self.a \+ 1 == self.b/],
    ['{"sum":{"a":9223372036854775807,"b":1}}', /integer overflow/],
  ]
  for (const [spec, fault] of cases) {
    const answer = await create(group, 'a', spec, '?dryRun=All')
    if (fault) t.regex(answer.body.message, fault, spec)
    else t.is(specOf(answer), spec)
  }
})

test.serial('defaults of a definition and items of lists that are applied keep their digits', async t => {
  const group = 'applied.example.com'
  const items = {
    type: 'object',
    properties: { key: { type: 'integer' }, v: { type: 'string' } },
    required: ['key'],
  }
  const list = {
    type: 'array',
    items,
    'x-kubernetes-list-type': 'map',
    'x-kubernetes-list-map-keys': ['key'],
  }
  const wanted = definition(group, [version('v1', { n: { type: 'integer', default: 1 }, list })])
  const body = JSON.stringify(wanted).replace('"default":1', `"default":${LARGE}`)
  const crd = await api.raw('/apis/apiextensions.k8s.io/v1/customresourcedefinitions', { body })
  t.is(crd.status, 201)
  t.true(crd.text.includes(`"default":${LARGE}`))
  await reached(api, `things.${group}`, found => isConditionTrue(found, 'Established'))
  const apply = (manager: string, spec: string) =>
    patch(`${pathOf(group)}/a?fieldManager=${manager}`, thing(group, 'a', spec), 'apply-patch+yaml')
  const [first, second] = [`{"key":${LARGE},"v":"x"}`, '{"key":9007199254740994,"v":"y"}']
  t.is(specOf(await apply('one', `{"list":[${first}]}`)), `{"list":[${first}],"n":${LARGE}}`)
  const both = await apply('two', `{"list":[${second}]}`)
  t.is(specOf(both), `{"list":[${first},${second}],"n":${LARGE}}`)
  const conflict = await apply('two', `{"list":[${first.replace('x', 'z')}]}`)
  t.is(conflict.body.details.causes[0].field, `.spec.list[key=${LARGE}].v`)
  t.is(specOf(await apply('one', '{}')), `{"list":[${second}],"n":${LARGE}}`)
})

test.serial('numbers come back from a conversion webhook as they went', async t => {
  const group = 'large.example.com'
  const conversion = {
    strategy: 'Webhook',
    webhook: {
      clientConfig: { url: `${webhook.url}/convert`, caBundle: webhook.caBundle },
      conversionReviewVersions: ['v1'],
    },
  }
  const versions = [version('v1', { any: ANY }), version('v2', { any: ANY }, { storage: false })]
  await establish(api, {
    ...definition(group, versions),
    spec: { ...definition(group, versions).spec, conversion },
  } as any)
  await create(group, 'a', `{"any":[${LARGE}]}`)
  t.is(specOf(await api.raw(`${pathOf(group, 'v2')}/a`)), `{"any":[${LARGE}]}`)
})

test.serial('raw JSON in built-in kinds keeps its digits', async t => {
  const body = `{"apiVersion":"apps/v1","kind":"ControllerRevision","metadata":{"name":"a"},"revision":${LARGE},"data":{"n":[${LARGE}]}}`
  const path = '/apis/apps/v1/namespaces/default/controllerrevisions'
  const made = await api.raw(path, { body })
  t.is(made.status, 201)
  const changed = await patch(`${path}/a`, '{"metadata":{"labels":{"a":"b"}}}')
  for (const { text } of [made, changed]) {
    t.true(text.includes(`"data":{"n":[${LARGE}]}`), text)
    t.true(text.includes(`"revision":${LARGE}`), text)
  }
})
