import test from 'ava'
import { startTestApiServer } from '../../helpers/api-server.ts'

const api = await startTestApiServer()
test.after.always(() => api.stop())

const configMaps = '/api/v1/namespaces/default/configmaps'
const configMap = (name: string, data: object = {}, metadata: object = {}) => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name, ...metadata },
  data,
})
const put = (path: string, body: unknown) => api.raw(path, { method: 'PUT', body })
const patch = (path: string, type: string, body: unknown) =>
  api.raw(path, { method: 'PATCH', body, headers: { 'content-type': `application/${type}` } })

test('a created object is answered with its system fields and can be read back', async t => {
  const created = await api.raw(configMaps, { body: configMap('made', { a: 'b' }) })
  t.is(created.status, 201)
  const { metadata, data } = created.body
  t.deepEqual(data, { a: 'b' })
  t.regex(metadata.uid, /^[0-9a-f-]{36}$/)
  t.regex(metadata.creationTimestamp, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/)
  t.regex(metadata.resourceVersion, /^\d+$/)
  t.is(metadata.namespace, 'default')
  t.deepEqual((await api.raw(`${configMaps}/made`)).body, created.body)
})

test('creating a name twice is 409 AlreadyExists with upstream’s message', async t => {
  await api.raw(configMaps, { body: configMap('twice') })
  const { status, body } = await api.raw(configMaps, { body: configMap('twice') })
  t.is(status, 409)
  t.is(body.reason, 'AlreadyExists')
  t.is(body.message, 'configmaps "twice" already exists')
  t.deepEqual(body.details, { name: 'twice', kind: 'configmaps' })
})

test('generateName gets five letters appended', async t => {
  const { body } = await api.raw(configMaps, { body: { metadata: { generateName: 'gen-' } } })
  t.regex(body.metadata.name, /^gen-[bcdfghjklmnpqrstvwxz2456789]{5}$/)
})

test('a bad name is 422 Invalid with the cause', async t => {
  const { status, body } = await api.raw(configMaps, { body: configMap('Not_Good') })
  t.is(status, 422)
  t.is(body.details.causes[0].field, 'metadata.name')
  t.true(
    body.message.startsWith('ConfigMap "Not_Good" is invalid: metadata.name: Invalid value: "Not_Good":'),
  )
})

test('a body of another kind, version or namespace is 400', async t => {
  t.is((await api.raw(configMaps, { body: { ...configMap('x'), kind: 'Secret' } })).status, 400)
  t.is((await api.raw(configMaps, { body: { ...configMap('x'), apiVersion: 'v2' } })).status, 400)
  const wrong = await api.raw(configMaps, { body: configMap('x', {}, { namespace: 'other' }) })
  t.is(wrong.status, 400)
  t.is(
    wrong.body.message,
    'the namespace of the provided object does not match the namespace sent on the request',
  )
})

test('PUT with an old resourceVersion is 409 Conflict, without one it wins', async t => {
  const created = (await api.raw(configMaps, { body: configMap('put', { n: '1' }) })).body
  const updated = await put(`${configMaps}/put`, { ...created, data: { n: '2' } })
  t.is(updated.status, 200)
  t.not(updated.body.metadata.resourceVersion, created.metadata.resourceVersion)
  const stale = await put(`${configMaps}/put`, { ...created, data: { n: '3' } })
  t.is(stale.status, 409)
  t.is(
    stale.body.message,
    'Operation cannot be fulfilled on configmaps "put": the object has been modified; please apply your changes to the latest version and try again',
  )
  t.is((await put(`${configMaps}/put`, configMap('put', { n: '4' }))).body.data.n, '4')
})

test('a write that changes nothing keeps the resourceVersion', async t => {
  const { body } = await api.raw(configMaps, { body: configMap('same', { n: '1' }) })
  const again = await put(`${configMaps}/same`, body)
  t.is(again.body.metadata.resourceVersion, body.metadata.resourceVersion)
})

test('the three sorts of patch', async t => {
  await api.raw(configMaps, { body: configMap('patched', { a: '1', b: '2' }) })
  const path = `${configMaps}/patched`
  t.deepEqual((await patch(path, 'merge-patch+json', { data: { a: null, c: '3' } })).body.data, {
    b: '2',
    c: '3',
  })
  const steps = [
    { op: 'replace', path: '/data/b', value: 'x' },
    { op: 'remove', path: '/data/c' },
  ]
  t.deepEqual((await patch(path, 'json-patch+json', steps)).body.data, { b: 'x' })
  const strategic = await patch(path, 'strategic-merge-patch+json', { data: { $patch: 'replace', z: '1' } })
  t.deepEqual(strategic.body.data, { z: '1' })
  t.is((await patch(path, 'x-unknown', {})).status, 415)
})

test('concurrent patches all land', async t => {
  await api.raw(configMaps, { body: configMap('busy') })
  const patches = Array.from({ length: 40 }, (_, i) =>
    patch(`${configMaps}/busy`, 'merge-patch+json', { data: { [`k${i}`]: 'v' } }),
  )
  t.true((await Promise.all(patches)).every(({ status }) => status === 200))
  t.is(Object.keys((await api.raw(`${configMaps}/busy`)).body.data).length, 40)
})

test('a delete answers a Status with the uid, a second one 404', async t => {
  const { body } = await api.raw(configMaps, { body: configMap('gone') })
  const deleted = await api.raw(`${configMaps}/gone`, { method: 'DELETE' })
  t.is(deleted.body.status, 'Success')
  t.is(deleted.body.details.uid, body.metadata.uid)
  const again = await api.raw(`${configMaps}/gone`, { method: 'DELETE' })
  t.is(again.status, 404)
  t.is(again.body.message, 'configmaps "gone" not found')
})

test('preconditions of a delete hold', async t => {
  await api.raw(configMaps, { body: configMap('kept') })
  const refusal = async (preconditions: object) => {
    const { status, body } = await api.raw(`${configMaps}/kept`, {
      method: 'DELETE',
      body: { preconditions },
    })
    t.is(status, 409)
    return body.message
  }
  t.regex(
    await refusal({ uid: 'other' }),
    /^Operation cannot be fulfilled on ConfigMap "kept": the UID in the precondition \(other\) does not match the UID in record \(.*\)\. The object might have been deleted and then recreated$/,
  )
  t.regex(
    await refusal({ resourceVersion: '1' }),
    /: the ResourceVersion in the precondition \(1\) does not match the ResourceVersion in record \(\d+\)\. The object might have been modified$/,
  )
})

test('options of a delete that cannot be are refused, each with its cause', async t => {
  await api.raw(configMaps, { body: configMap('stays') })
  const odd = await api.raw(`${configMaps}/stays?propagationPolicy=Foo`, { method: 'DELETE' })
  t.is(odd.status, 422)
  t.deepEqual(odd.body.details.causes, [
    {
      reason: 'FieldValueNotSupported',
      message: 'Unsupported value: "Foo": supported values: "Foreground", "Background", "Orphan", "nil"',
      field: 'propagationPolicy',
    },
  ])
  const body = { propagationPolicy: 'Orphan', orphanDependents: true }
  const both = await api.raw(`${configMaps}/stays`, { method: 'DELETE', body })
  t.is(both.status, 422)
  t.is(
    both.body.message,
    'DeleteOptions.meta.k8s.io "" is invalid: propagationPolicy: Invalid value: "Orphan": orphanDependents and deletionPropagation cannot be both set',
  )
  const dry = await api.raw(`${configMaps}/stays?dryRun=Some`, { method: 'DELETE' })
  t.is(dry.body.details.causes[0].message, 'Unsupported value: ["Some"]: supported values: "All"')
})

test('what a dry run creates has no revision', async t => {
  const { status, body } = await api.raw(`${configMaps}?dryRun=All`, {
    body: configMap('dry-created', { a: '1' }),
  })
  t.is(status, 201)
  t.false('resourceVersion' in body.metadata)
  t.truthy(body.metadata.uid)
  t.true(body.metadata.managedFields.length > 0)
})

test('a PUT names its object in the path and in the body', async t => {
  const refusal = async (body: object) => {
    const answer = await api.raw(`${configMaps}/none`, { method: 'PUT', body })
    t.is(answer.status, 400)
    return answer.body.message
  }
  t.is(
    await refusal(configMap('other')),
    'the name of the object (other) does not match the name on the URL (none)',
  )
  t.is(
    await refusal(configMap('none', {}, { namespace: 'elsewhere' })),
    'the namespace of the provided object does not match the namespace sent on the request',
  )
  t.is(
    await refusal({ apiVersion: 'v1', kind: 'ConfigMap' }),
    'the name of the object (none based on URL) was undeterminable: name must be provided',
  )
})

test('a patch of the uid changes a fixed field, a PUT with another uid means another object', async t => {
  await api.raw(configMaps, { body: configMap('fixed') })
  const patched = await api.raw(`${configMaps}/fixed`, {
    method: 'PATCH',
    body: { metadata: { uid: 'other' } },
    headers: { 'content-type': 'application/merge-patch+json' },
  })
  t.is(patched.status, 422)
  t.is(
    patched.body.message,
    'ConfigMap "fixed" is invalid: metadata.uid: Invalid value: "other": field is immutable',
  )
  const put = await api.raw(`${configMaps}/fixed`, {
    method: 'PUT',
    body: configMap('fixed', {}, { uid: 'other' }),
  })
  t.is(put.status, 409)
})

test('across namespaces objects are only listed and watched', async t => {
  for (const [method, path, status] of [
    ['POST', '/api/v1/configmaps', 405],
    ['DELETE', '/api/v1/configmaps', 405],
    ['HEAD', '/api/v1/configmaps', 405],
    ['GET', '/api/v1/configmaps/one', 404],
    ['POST', '/apis/authorization.k8s.io/v1/localsubjectaccessreviews', 404],
    ['POST', '/api/v1', 405],
    ['POST', '/apis/apps', 405],
  ] as const) {
    const answer = await api.raw(path, { method })
    t.is(answer.status, status, `${method} ${path}`)
  }
})

test('a resource that a group of the server does not have is a Status, another group plain text', async t => {
  for (const path of [
    '/api/v1/foos',
    '/api/v2',
    '/apis/apps/v1/foos',
    '/apis/apps/v2',
    `${configMaps}/a/status`,
  ]) {
    const { status, body } = await api.raw(path)
    t.is(status, 404)
    t.like(body, {
      reason: 'NotFound',
      message: 'the server could not find the requested resource',
      details: {},
    })
  }
  for (const path of ['/apis/foo.bar/v1', '/apis/foo.bar/v1/foos']) {
    t.is((await api.raw(path)).text, '404 page not found\n')
  }
})

test('the kinds that upstream gives back are given back when they are deleted', async t => {
  const path = '/apis/storage.k8s.io/v1/storageclasses'
  await api.raw(path, { body: { metadata: { name: 'given-back' }, provisioner: 'example.com/p' } })
  const { body } = await api.raw(`${path}/given-back`, { method: 'DELETE' })
  t.is(body.kind, 'StorageClass')
})

test('an object with finalizers stays, marked, until the last one is taken away', async t => {
  const path = `${configMaps}/held`
  await api.raw(configMaps, { body: configMap('held', {}, { finalizers: ['example.com/hold'] }) })
  const deleted = await api.raw(path, { method: 'DELETE' })
  t.truthy(deleted.body.metadata.deletionTimestamp)
  t.is((await api.raw(path)).status, 200)
  const added = await patch(path, 'merge-patch+json', {
    metadata: { finalizers: ['example.com/hold', 'a/b'] },
  })
  t.is(added.status, 422)
  t.is((await patch(path, 'merge-patch+json', { metadata: { finalizers: null } })).status, 200)
  t.is((await api.raw(path)).status, 404)
})

test('propagation policies become finalizers of the garbage collector', async t => {
  await api.raw(configMaps, { body: configMap('parent') })
  const body = { propagationPolicy: 'Foreground' }
  const { body: held } = await api.raw(`${configMaps}/parent`, { method: 'DELETE', body })
  t.deepEqual(held.metadata.finalizers, ['foregroundDeletion'])
})

test('deletecollection takes what the selector matches', async t => {
  for (const [name, app] of [
    ['c1', 'x'],
    ['c2', 'x'],
    ['c3', 'y'],
  ]) {
    await api.raw(configMaps, { body: configMap(name!, {}, { labels: { collection: app } }) })
  }
  const deleted = await api.raw(`${configMaps}?labelSelector=collection=x`, { method: 'DELETE' })
  t.is(deleted.body.items.length, 2)
  t.is((await api.raw(`${configMaps}?labelSelector=collection`)).body.items.length, 1)
})

test('a dry run answers as if and stores nothing', async t => {
  const { status } = await api.raw(`${configMaps}?dryRun=All`, { body: configMap('dry') })
  t.is(status, 201)
  t.is((await api.raw(`${configMaps}/dry`)).status, 404)
  t.is((await api.raw(`${configMaps}?dryRun=Some`, { body: configMap('dry') })).status, 422)
})

test('unknown and duplicate fields: warned of, refused under Strict, dropped either way', async t => {
  const body = '{"metadata":{"name":"fields"},"data":{"a":"1","a":"2"},"nonsense":1}'
  const warned = await api.raw(configMaps, { body })
  t.is(warned.status, 201)
  t.is(warned.body.nonsense, undefined)
  t.true(warned.headers.warning?.includes('299 - "unknown field \\"nonsense\\""'))
  const strict = await api.raw(`${configMaps}?fieldValidation=Strict`, { body })
  t.is(strict.status, 400)
  t.true(strict.body.message.includes('strict decoding error'))
})

test('a strategic patch that cannot be read is shown', async t => {
  await api.raw(configMaps, { body: configMap('unread') })
  const headers = { 'content-type': 'application/strategic-merge-patch+json' }
  const request = { method: 'PATCH', body: { data: { b: 'c' }, odd: [1, null] }, headers }
  const { status, body } = await api.raw(`${configMaps}/unread?fieldValidation=Strict`, request)
  const message =
    'Invalid value: "map[data:map[b:c] odd:[1 <nil>]]": strict decoding error: unknown field "odd"'
  t.is(status, 422)
  t.is(body.message, ` "" is invalid: patch: ${message}`)
  t.deepEqual(body.details.causes, [{ reason: 'FieldValueInvalid', message, field: 'patch' }])
})

test('the result of a JSON patch that cannot be read is shown', async t => {
  await api.raw(configMaps, { body: configMap('unread-json') })
  const headers = { 'content-type': 'application/json-patch+json' }
  const request = { method: 'PATCH', body: [{ op: 'replace', path: '', value: { data: 5 } }], headers }
  const { status, body } = await api.raw(`${configMaps}/unread-json`, request)
  t.is(status, 422)
  const fault = 'json: cannot unmarshal number into Go struct field ConfigMap.data of type map[string]string'
  t.is(body.message, ` "" is invalid: patch: Invalid value: "{\\"data\\":5}": ${fault}`)
})

test('malformed, empty, huge and wrongly typed bodies are refused with the right code', async t => {
  t.is((await api.raw(configMaps, { body: '{"a":' })).status, 400)
  t.is((await api.raw(configMaps, { body: '[]' })).status, 400)
  t.is((await api.raw(configMaps, { method: 'POST' })).status, 400)
  t.is((await api.raw(configMaps, { body: 'x', headers: { 'content-type': 'text/plain' } })).status, 415)
  const huge = await api.raw(configMaps, { body: configMap('huge', { a: 'x'.repeat(3 << 20) }) })
  t.is(huge.status, 413)
  t.is(huge.body.reason, 'RequestEntityTooLarge')
  const typed = await api.raw(configMaps, { body: configMap('typed', { a: 1 }) })
  t.is(typed.status, 400)
})

test('YAML is read and written', async t => {
  const headers = { 'content-type': 'application/yaml', accept: 'application/yaml' }
  const body = 'kind: ConfigMap\napiVersion: v1\nmetadata:\n  name: yaml\ndata:\n  a: "1"\n'
  const { status, text, headers: answered } = await api.raw(configMaps, { body, headers })
  t.is(status, 201)
  t.is(answered['content-type'], 'application/yaml')
  t.true(text.includes('name: yaml\n'))
})

test('status and object are written apart, generation counts changes of the spec', async t => {
  const deployments = '/apis/apps/v1/namespaces/default/deployments'
  const spec = {
    selector: { matchLabels: { a: 'b' } },
    template: { metadata: { labels: { a: 'b' } }, spec: { containers: [{ name: 'c', image: 'i' }] } },
  }
  const body = { metadata: { name: 'halves' }, spec, status: { replicas: 7 } }
  const created = (await api.raw(deployments, { body })).body
  t.is(created.metadata.generation, 1)
  t.is(created.status.replicas, undefined)
  const path = `${deployments}/halves`
  const merge = 'merge-patch+json'
  const status = await patch(`${path}/status`, merge, { spec: { replicas: 9 }, status: { replicas: 3 } })
  t.is(status.body.status.replicas, 3)
  t.is(status.body.spec.replicas, 1)
  t.is(status.body.metadata.generation, 1)
  const scaled = await patch(path, merge, { spec: { replicas: 2 }, status: { replicas: 99 } })
  t.is(scaled.body.status.replicas, 3)
  t.is(scaled.body.metadata.generation, 2)
  t.is((await patch(path, merge, { metadata: { labels: { x: 'y' } } })).body.metadata.generation, 2)
  const scale = await api.raw(`${path}/scale`)
  t.like(scale.body, {
    kind: 'Scale',
    spec: { replicas: 2 },
    status: { replicas: 3, selector: 'a=b' },
  })
  await patch(`${path}/scale`, merge, { spec: { replicas: 5 } })
  t.is((await api.raw(path)).body.spec.replicas, 5)
})

test('a namespace that is deleted goes when its finalizer is taken by /finalize', async t => {
  await api.raw('/api/v1/namespaces', { body: { metadata: { name: 'doomed' } } })
  const deleted = await api.raw('/api/v1/namespaces/doomed', { method: 'DELETE' })
  t.is(deleted.body.status.phase, 'Terminating')
  const refused = await api.raw('/api/v1/namespaces/doomed/configmaps', { body: configMap('late') })
  t.is(refused.status, 403)
  const current = (await api.raw('/api/v1/namespaces/doomed')).body
  const finalized = await put('/api/v1/namespaces/doomed/finalize', { ...current, spec: {} })
  t.is(finalized.status, 200)
  t.is((await api.raw('/api/v1/namespaces/doomed')).status, 404)
})

const patchText = (path: string, type: string, body: string) =>
  api.raw(`${configMaps}/${path}`, {
    method: 'PATCH',
    body,
    headers: { 'content-type': `application/${type}` },
  })

/** Type of patch, body, status, what is said. */
const PATCHES: [string, string, number, string | undefined][] = [
  ['merge-patch+json', '{', 400, 'error decoding patch: unexpected end of JSON input'],
  [
    'json-patch+json',
    '[{]',
    400,
    "error decoding patch: invalid character ']' looking for beginning of object key string",
  ],
  ['strategic-merge-patch+json', '{', 400, 'unexpected end of JSON input'],
  [
    'merge-patch+json',
    '[]',
    400,
    'error decoding patch: json: cannot unmarshal array into Go value of type map[string]interface {}',
  ],
  [
    'strategic-merge-patch+json',
    '"x"',
    400,
    'json: cannot unmarshal string into Go value of type map[string]interface {}',
  ],
  [
    'json-patch+json',
    '{}',
    400,
    'error decoding patch: json: cannot unmarshal object into Go value of type []handlers.jsonPatchOp',
  ],
  ['merge-patch+json', 'null', 400, 'Invalid JSON Patch'],
  ['strategic-merge-patch+json', 'null', 200, undefined],
  ['json-patch+json', 'null', 200, undefined],
]

for (const [type, body, status, message] of PATCHES) {
  test(`a patch of type ${type} that is ${body} gets upstream’s answer`, async t => {
    await api.raw(configMaps, { body: configMap('odd-patches') })
    const answer = await patchText('odd-patches', type, body)
    t.is(answer.status, status)
    if (message) t.is(answer.body.message, message)
  })
}

test('fields that a patch gives twice are told where fields are to be checked', async t => {
  await api.raw(configMaps, { body: configMap('twice') })
  const twice = '{"data":{"a":"1","a":"2"}}'
  for (const type of ['merge-patch+json', 'strategic-merge-patch+json']) {
    const strict = await patchText('twice?fieldValidation=Strict', type, twice)
    t.is(strict.status, 422)
    t.regex(strict.body.message, /strict decoding error: duplicate field "data\.a"/)
    const warned = await patchText('twice?fieldValidation=Warn', type, twice)
    t.is(warned.status, 200)
    t.regex(String(warned.headers.warning), /duplicate field \\"data\.a\\"/)
    t.is(warned.body.data.a, '2')
  }
})

test('an apply with the uid of another object changes a fixed field', async t => {
  await api.raw(configMaps, { body: configMap('applied-uid') })
  const type = 'application/apply-patch+yaml'
  const { status, body } = await api.raw(`${configMaps}/applied-uid?fieldManager=m`, {
    method: 'PATCH',
    body: configMap('applied-uid', { a: '1' }, { uid: 'other' }),
    headers: { 'content-type': type },
  })
  t.is(status, 422)
  t.regex(body.message, /metadata\.uid: Invalid value: "other": field is immutable/)
})
