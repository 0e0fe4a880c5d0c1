import test from 'ava'
import { startTestApiServer, takeEvents } from '../../helpers/api-server.ts'
import { definition, establish, reached, version } from '../../helpers/custom-resources.ts'

const api = await startTestApiServer()
test.after.always(() => api.stop())

const CRDS = '/apis/apiextensions.k8s.io/v1/customresourcedefinitions'
const pathOf = (group: string, v = 'v1') => `/apis/${group}/${v}/namespaces/default/things`
const thing = (group: string, name: string, spec: object, v = 'v1') => ({
  apiVersion: `${group}/${v}`,
  kind: 'Thing',
  metadata: { name },
  spec,
})
const patch = (path: string, body: unknown, type = 'merge-patch') =>
  api.raw(path, { method: 'PATCH', body, headers: { 'content-type': `application/${type}+json` } })
const put = (path: string, body: unknown) => api.raw(path, { method: 'PUT', body })

test('a definition is established with upstream’s conditions and names', async t => {
  const { status, spec, metadata } = await establish(api, definition('names.example.com', [version('v1')]))
  t.deepEqual(status?.acceptedNames, {
    plural: 'things',
    singular: 'thing',
    kind: 'Thing',
    listKind: 'ThingList',
  })
  t.deepEqual(status?.storedVersions, ['v1'])
  t.deepEqual(
    status?.conditions?.map(({ type, status, reason, message }) => [type, status, reason, message]),
    [
      ['NamesAccepted', 'True', 'NoConflicts', 'no conflicts found'],
      ['Established', 'True', 'InitialNamesAccepted', 'the initial names have been accepted'],
    ],
  )
  t.deepEqual(spec.conversion, { strategy: 'None' })
  t.is(metadata.generation, 1)
})

test('objects are defaulted, pruned and validated by their schema', async t => {
  const group = 'rules.example.com'
  const properties = {
    image: { type: 'string' },
    replicas: { type: 'integer', minimum: 1, default: 2 },
  }
  await establish(api, definition(group, [version('v1', properties)]))
  const made = await api.raw(pathOf(group), { body: thing(group, 'a', { image: 'x', odd: 1 }) })
  t.is(made.status, 201)
  t.deepEqual(made.body.spec, { image: 'x', replicas: 2 })
  t.is(made.headers.warning, '299 - "unknown field \\"spec.odd\\""')
  t.is(made.body.metadata.generation, 1)
  const { body: list } = await api.raw(pathOf(group))
  t.deepEqual(list.metadata, { continue: '', resourceVersion: list.metadata.resourceVersion })
  t.deepEqual(
    list.items.map(({ apiVersion, kind }: any) => [apiVersion, kind]),
    [[`${group}/v1`, 'Thing']],
    'items of custom resources say what they are',
  )
  const strict = await api.raw(`${pathOf(group)}?fieldValidation=Strict`, {
    body: thing(group, 'b', { odd: 1 }),
  })
  t.is(strict.status, 400)
  t.is(
    strict.body.message,
    'Thing in version "v1" cannot be handled as a Thing: strict decoding error: unknown field "spec.odd"',
  )
  const wrong = await api.raw(pathOf(group), { body: thing(group, 'c', { image: 5, replicas: 0 }) })
  t.is(wrong.status, 422)
  t.is(
    wrong.body.message,
    'Thing.rules.example.com "c" is invalid: [spec.image: Invalid value: "integer": spec.image in body must be of type string: "integer", spec.replicas: Invalid value: 0: spec.replicas in body should be greater than or equal to 1]',
  )
})

test('what was wrong before and is left alone does not stand in the way of an update', async t => {
  const group = 'ratchet.example.com'
  const properties = { a: { type: 'string' }, b: { type: 'string' } }
  const made = await establish(api, definition(group, [version('v1', properties)]))
  await api.raw(pathOf(group), { body: thing(group, 'old', { a: 'long text', b: 'x' }) })
  const tighter = structuredClone(made)
  tighter.spec.versions[0]!.schema!.openAPIV3Schema!.properties!.spec!.properties!.a!.maxLength = 3
  t.is((await put(`${CRDS}/things.${group}`, tighter)).status, 200)
  await reached(api, `things.${group}`, ({ metadata }) => metadata.generation === 2)
  t.is((await patch(`${pathOf(group)}/old`, { spec: { b: 'y' } })).status, 200)
  const changed = await patch(`${pathOf(group)}/old`, { spec: { a: 'other' } })
  t.is(changed.status, 422)
  t.regex(changed.body.message, /spec\.a: Too long: may not be more than 3 bytes/)
})

test('status and scale are written apart from the object', async t => {
  const group = 'parts.example.com'
  const scale = { specReplicasPath: '.spec.replicas', statusReplicasPath: '.status.replicas' }
  const one = version('v1', { replicas: { type: 'integer' } }, { subresources: { status: {}, scale } })
  one.schema!.openAPIV3Schema!.properties!.status = {
    type: 'object',
    properties: { replicas: { type: 'integer' } },
  }
  await establish(api, definition(group, [one]))
  const path = `${pathOf(group)}/a`
  const body = { ...thing(group, 'a', { replicas: 1 }), status: { replicas: 9 } }
  t.is((await api.raw(pathOf(group), { body })).body.status, undefined)
  const told = await patch(`${path}/status`, { status: { replicas: 1 }, spec: { replicas: 7 } })
  t.deepEqual([told.body.spec, told.body.status], [{ replicas: 1 }, { replicas: 1 }])
  t.is(told.body.metadata.generation, 1)
  const scaled = await patch(`${path}/scale`, { spec: { replicas: 4 } })
  t.deepEqual([scaled.body.spec, scaled.body.status], [{ replicas: 4 }, { replicas: 1 }])
  await api.raw(pathOf(group), { body: thing(group, 'unsaid', {}) })
  const unsaid = await api.raw(`${pathOf(group)}/unsaid/scale`)
  t.is(unsaid.status, 500)
  t.is(
    unsaid.body.message,
    'Internal error occurred: the spec replicas field ".spec.replicas" does not exist',
  )
  t.is((await patch(`${pathOf(group)}/unsaid/scale`, { spec: { replicas: 2 } })).body.spec.replicas, 2)
  t.is((await api.raw(path)).body.metadata.generation, 2)
  const negative = await patch(path, { spec: { replicas: -1 } })
  t.regex(negative.body.message, /\.spec\.replicas: Invalid value: -1: should be a non-negative integer/)
})

test('a strategic merge patch is refused', async t => {
  const group = 'patches.example.com'
  await establish(api, definition(group, [version('v1')]))
  await api.raw(pathOf(group), { body: thing(group, 'a', {}) })
  const { status, body } = await patch(`${pathOf(group)}/a`, {}, 'strategic-merge-patch')
  t.is(status, 415)
  t.regex(body.message, /^the body of the request was in an unknown format - accepted media types include: /)
  t.notRegex(body.message, /strategic/)
})

test('every served version shows the same objects, each by its own schema', async t => {
  const group = 'versions.example.com'
  const old = version('v1beta1', { a: { type: 'string' } }, { storage: false, deprecated: true })
  const next = version('v1', { a: { type: 'string' }, b: { type: 'string', default: 'new' } })
  await establish(api, definition(group, [old, next]))
  const made = await api.raw(pathOf(group, 'v1beta1'), { body: thing(group, 'a', { a: 'x' }, 'v1beta1') })
  t.is(made.headers.warning, '299 - "versions.example.com/v1beta1 Thing is deprecated"')
  t.is(made.body.apiVersion, `${group}/v1beta1`)
  t.deepEqual(made.body.spec, { a: 'x' })
  const read = await api.raw(`${pathOf(group)}/a`)
  t.is(read.body.apiVersion, `${group}/v1`)
  t.deepEqual(read.body.spec, { a: 'x', b: 'new' })
  t.is(read.body.metadata.resourceVersion, made.body.metadata.resourceVersion)
  const stored = await api.store.get(`things.${group}`, 'default/a')
  t.is(JSON.parse(stored!.bytes.toString()).apiVersion, `${group}/v1`)
  const events = api.open(
    `${pathOf(group, 'v1beta1')}?watch=1&resourceVersion=${read.body.metadata.resourceVersion}`,
  )
  await patch(`${pathOf(group)}/a`, { spec: { a: 'y', b: 'z' } })
  const [event] = await takeEvents(await events, 1)
  t.is(event!.object.apiVersion, `${group}/v1beta1`)
  t.deepEqual(event!.object.spec, { a: 'y' })
  const { body: discovered } = await api.raw(`/apis/${group}`)
  t.deepEqual(
    discovered.versions.map(({ version }: { version: string }) => version),
    ['v1', 'v1beta1'],
  )
})

test('a new default shows in objects that were stored before it', async t => {
  const group = 'later.example.com'
  const made = await establish(api, definition(group, [version('v1', { a: { type: 'string' } })]))
  await api.raw(pathOf(group), { body: thing(group, 'a', { a: 'x' }) })
  const changed = structuredClone(made)
  changed.spec.versions[0]!.schema!.openAPIV3Schema!.properties!.spec!.properties = {
    b: { type: 'integer', default: 3 },
  }
  await put(`${CRDS}/things.${group}`, changed)
  await reached(api, `things.${group}`, ({ metadata }) => metadata.generation === 2)
  t.deepEqual((await api.raw(`${pathOf(group)}/a`)).body.spec, { b: 3 })
})

test('deleting a definition deletes its objects, ends their watches and takes the paths away', async t => {
  const group = 'going.example.com'
  await establish(api, definition(group, [version('v1')]))
  await api.raw(pathOf(group), { body: thing(group, 'plain', {}) })
  const held = thing(group, 'held', {})
  await api.raw(pathOf(group), {
    body: { ...held, metadata: { name: 'held', finalizers: ['example.com/hold'] } },
  })
  const watch = await api.open(`${pathOf(group)}?watch=1&resourceVersion=3`)
  const ended = new Promise(resolve => watch.on('end', resolve))
  watch.resume()
  const marked = await api.raw(`${CRDS}/things.${group}`, { method: 'DELETE' })
  t.deepEqual(marked.body.metadata.finalizers, ['customresourcecleanup.apiextensions.k8s.io'])
  await reached(api, `things.${group}`, ({ metadata }) => metadata.deletionTimestamp !== undefined)
  const refused = await api.raw(pathOf(group), { body: thing(group, 'late', {}) })
  t.is(refused.status, 403)
  t.is(
    refused.body.message,
    `things.${group} "late" is forbidden: create not allowed while custom resource definition is terminating`,
  )
  const verbs = ['delete', 'deletecollection', 'get', 'list', 'watch']
  const { resources } = (await api.raw(`/apis/${group}/v1`)).body
  t.deepEqual(resources.find(({ name }: { name: string }) => name === 'things').verbs, verbs)
  await reached(api, `things.${group}`, ({ status }) =>
    status!.conditions?.some(({ reason }) => reason === 'InstanceDeletionInProgress'),
  )
  t.is((await patch(`${pathOf(group)}/held`, { metadata: { finalizers: null } })).status, 200)
  await ended
  t.is((await api.raw(pathOf(group))).status, 404)
  t.is((await api.raw(`${CRDS}/things.${group}`)).status, 404)
  await establish(api, definition(group, [version('v1')]))
  t.deepEqual((await api.raw(pathOf(group))).body.items, [])
})

test('names that another definition of the group holds are not given twice', async t => {
  const group = 'conflict.example.com'
  await establish(api, definition(group, [version('v1')]))
  const names = { plural: 'others', singular: 'other', kind: 'Thing', listKind: 'OtherList' }
  const second = { ...definition(group, [version('v1')], { names }), metadata: { name: `others.${group}` } }
  await api.raw(CRDS, { body: second })
  const refused = await reached(api, `others.${group}`, ({ status }) => status?.conditions?.length === 2)
  t.deepEqual(
    refused.status!.conditions!.map(({ type, status, reason, message }) => [type, status, reason, message]),
    [
      ['NamesAccepted', 'False', 'KindConflict', '"Thing" is already in use'],
      ['Established', 'False', 'NotAccepted', 'not all names are accepted'],
    ],
  )
  t.is((await api.raw(`/apis/${group}/v1/namespaces/default/others`)).status, 404)
  await api.raw(`${CRDS}/things.${group}`, { method: 'DELETE' })
  await reached(api, `others.${group}`, ({ status }) =>
    status!.conditions?.some(({ type, status }) => type === 'Established' && status === 'True'),
  )
  t.is((await api.raw(`/apis/${group}/v1/namespaces/default/others`)).status, 200)
})

test('another API server on the same store serves the same', async t => {
  const group = 'shared.example.com'
  await establish(api, definition(group, [version('v1')]))
  await api.raw(pathOf(group), { body: thing(group, 'a', {}) })
  const second = await startTestApiServer({ store: api.store })
  try {
    t.is((await second.raw(`${pathOf(group)}/a`)).status, 200)
  } finally {
    await second.stop()
  }
})

test('rules in CEL are held, and refused when they cannot be compiled', async t => {
  const group = 'cel.example.com'
  const one = version('v1', { min: { type: 'integer' }, max: { type: 'integer' } })
  const { spec } = one.schema!.openAPIV3Schema!.properties!
  spec!['x-kubernetes-validations'] = [{ rule: 'self.min <= self.maxx' }]
  const refused = await api.raw(CRDS, { body: definition(group, [one]) })
  t.is(refused.status, 422)
  t.regex(
    refused.body.message,
    /spec\.validation\.openAPIV3Schema\.properties\[spec\]\.x-kubernetes-validations\[0\]\.rule: Invalid value: .*compilation failed: ERROR: <input>:1:\d+: undefined field 'maxx'/,
  )
  spec!['x-kubernetes-validations'] = [
    { rule: 'self.min <= self.max', message: 'min must not be above max' },
    { rule: 'self.min >= oldSelf.min', message: 'min only rises' },
  ]
  await establish(api, definition(group, [one]))
  const wrong = await api.raw(pathOf(group), { body: thing(group, 'a', { min: 2, max: 1 }) })
  t.is(
    wrong.body.message,
    'Thing.cel.example.com "a" is invalid: spec: Invalid value: "object": min must not be above max',
  )
  const odd = await api.raw(pathOf(group), { body: thing(group, 'a', { min: 'x' }) })
  t.regex(odd.body.message, /some validation rules were not checked because the object was invalid/)
  t.is((await api.raw(pathOf(group), { body: thing(group, 'a', { min: 2, max: 3 }) })).status, 201)
  t.regex((await patch(`${pathOf(group)}/a`, { spec: { min: 1 } })).body.message, /min only rises/)
  t.is((await patch(`${pathOf(group)}/a`, { spec: { min: 3 } })).status, 200)
})

test('an object has to say what it is, when it is sent and when it was patched', async t => {
  const group = 'said.example.com'
  await establish(api, definition(group, [version('v1', { a: { type: 'string' } })]))
  await api.raw(pathOf(group), { body: thing(group, 'a', {}) })
  const path = `${pathOf(group)}/a`
  const sent = (body: string) => api.raw(pathOf(group), { body })
  const cases: [string, Awaited<ReturnType<typeof sent>>, number, RegExp][] = [
    [
      'no kind',
      await sent('{"metadata":{"name":"b"}}'),
      400,
      /^the object provided is unrecognized \(must be of type Thing\): Object 'Kind' is missing in '\{"metadata":\{"name":"b"\}\}' \(\{"metadata":\{"name":"b"\}\}\)$/,
    ],
    [
      'no version',
      await sent('{"kind":"Thing","metadata":{"name":"b"}}'),
      400,
      /^the API version in the data \(\) does not match the expected API version \(said.example.com\/v1\)$/,
    ],
    [
      'null',
      await sent('{"apiVersion":null,"kind":"Thing"}'),
      400,
      /^Thing in version "" cannot be handled as a Thing: .apiVersion accessor error/,
    ],
    [
      'kind taken',
      await patch(path, { kind: null }),
      422,
      /^ "" is invalid: patch: Invalid value: .*: Object 'Kind' is missing in '\{/,
    ],
    [
      'version taken',
      await patch(path, { apiVersion: '' }),
      500,
      /^Internal error occurred: Object 'apiVersion' is missing in 'object has no apiVersion field'$/,
    ],
    [
      'kind 5',
      await patch(path, { kind: 5 }),
      422,
      /couldn't get version\/kind; json parse error: json: cannot unmarshal number into Go struct field .kind of type string$/,
    ],
    [
      'other kind',
      await patch(`${path}?fieldValidation=Strict`, { kind: 'Other', odd: 1 }),
      422,
      /^Other.said.example.com "a" is invalid: kind: Invalid value: "Other": must be Thing$/,
    ],
    [
      'other group',
      await patch(`${path}?fieldValidation=Strict`, { apiVersion: 'other.io/v1', odd: 1 }),
      422,
      /apiVersion: Invalid value: "other.io\/v1": must be said.example.com\/v1$/,
    ],
    [
      'other version',
      await patch(`${path}?fieldValidation=Strict`, { apiVersion: `${group}/v9`, odd: 1 }),
      422,
      /strict decoding error: unknown field "odd"/,
    ],
    [
      'no number',
      await sent(`{"apiVersion":"${group}/v1","kind":"Thing","metadata":{"name":"b"},"spec":{"a":1e400}}`),
      400,
      /^Thing in version "v1" cannot be handled as a Thing: json: cannot unmarshal number 1e400 into Go value of type float64$/,
    ],
  ]
  for (const [name, { status, body }, wanted, message] of cases) {
    t.is(status, wanted, name)
    t.regex(body.message, message, name)
  }
  const blind = await put(path, thing(group, 'a', {}))
  t.is(
    blind.body.message,
    'things.said.example.com "a" is invalid: metadata.resourceVersion: Invalid value: 0: must be specified for an update',
  )
  const { items } = (await api.raw(pathOf(group))).body
  t.deepEqual(
    items.map((item: any) => [item.apiVersion, item.kind, item.metadata.name]),
    [[`${group}/v1`, 'Thing', 'a']],
  )
})
