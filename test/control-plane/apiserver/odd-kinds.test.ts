import test from 'ava'
import { parse } from 'yaml'
import { startTestApiServer } from '../../helpers/api-server.ts'
import { definition, establish, version } from '../../helpers/custom-resources.ts'

const api = await startTestApiServer()
test.after.always(() => api.stop())

const MAPS = '/api/v1/namespaces/default/configmaps'
const THINGS = '/apis/odd.example.com/v1/namespaces/default/things'
const SCHEME = 'in scheme "k8s.io/kubernetes/pkg/api/legacyscheme/scheme.go:30"'

test.before(async () => {
  await api.raw(MAPS, { body: { metadata: { name: 'a' }, data: { a: 'b' } } })
  await establish(api, definition('odd.example.com', [version('v1'), version('v2', {}, { storage: false })]))
  const thing = { apiVersion: 'odd.example.com/v1', kind: 'Thing', metadata: { name: 'a' } }
  await api.raw(THINGS, { body: thing })
})

const patch = (path: string, sort: string, body: unknown) =>
  api.raw(path, { method: 'PATCH', body, headers: { 'content-type': `application/${sort}-patch+json` } })

for (const [change, why] of [
  [{ kind: 'Nope' }, `no kind "Nope" is registered for version "v1" ${SCHEME}`],
  [{ apiVersion: 'v2' }, `no kind "ConfigMap" is registered for version "v2" ${SCHEME}`],
  [{ kind: 'Secret' }, 'converting (v1.Secret) to (core.ConfigMap): unknown conversion'],
] as const) {
  test(`a merge or JSON patch makes nothing of another kind - ${JSON.stringify(change)}`, async t => {
    const [[field, value]] = Object.entries(change) as [[string, string]]
    const steps = [{ op: 'replace', path: `/${field}`, value }]
    for (const [sort, body] of [
      ['merge', change],
      ['json', steps],
    ] as const) {
      const answer = await patch(`${MAPS}/a`, sort, body)
      t.is(answer.status, 422, answer.text)
      const [cause] = answer.body.details.causes
      t.is(cause.field, 'patch')
      t.true(cause.message.endsWith(`": ${why}`), cause.message)
      t.true(cause.message.includes(`\\"${field}\\":\\"${value}\\"`), cause.message)
    }
  })

  test(`a strategic patch leaves the kind alone - ${JSON.stringify(change)}`, async t => {
    const answer = await patch(`${MAPS}/a`, 'strategic-merge', { ...change, data: { c: 'd' } })
    t.is(answer.status, 200, answer.text)
    t.like(answer.body, { kind: 'ConfigMap', apiVersion: 'v1' })
    t.deepEqual(answer.body.data, { a: 'b', c: 'd' })
  })
}

test('what is sent for a custom resource of another kind is invalid', async t => {
  const other = { apiVersion: 'odd.example.com/v1', kind: 'Nope', metadata: { name: 'a' } }
  const message = 'Nope.odd.example.com "a" is invalid: kind: Invalid value: "Nope": must be Thing'
  const { resourceVersion } = (await api.raw(`${THINGS}/a`)).body.metadata
  for (const answer of [
    await api.raw(THINGS, { body: other }),
    await api.raw(`${THINGS}/a`, {
      method: 'PUT',
      body: { ...other, metadata: { name: 'a', resourceVersion } },
    }),
    await patch(`${THINGS}/a`, 'merge', { kind: 'Nope' }),
  ]) {
    t.is(answer.status, 422, answer.text)
    t.is(answer.body.message, message)
  }
})

for (const apiVersion of ['odd.example.com/v9', 'odd.example.com/v2', 'v1']) {
  test(`a patch makes no custom resource of another version, served or not - ${apiVersion}`, async t => {
    for (const [sort, body] of [
      ['merge', { apiVersion }],
      ['json', [{ op: 'replace', path: '/apiVersion', value: apiVersion }]],
    ] as const) {
      const answer = await patch(`${THINGS}/a`, sort, body)
      t.is(answer.status, 422, answer.text)
      const thing = apiVersion === 'v1' ? 'Thing' : 'Thing.odd.example.com'
      const why = `apiVersion: Invalid value: "${apiVersion}": must be odd.example.com/v1`
      t.is(answer.body.message, `${thing} "a" is invalid: ${why}`)
    }
  })
}

test('the generation of a priority is always its first', async t => {
  const path = '/apis/scheduling.k8s.io/v1/priorityclasses'
  const created = await api.raw(path, { body: { metadata: { name: 'p' }, value: 5 } })
  t.is(created.body.metadata.generation, 1)
  const changed = await api.mergePatch(`${path}/p`, { description: 'of use' })
  t.is(changed.body.description, 'of use')
  t.is(changed.body.metadata.generation, 1)
})

test('limits without a name are given one', async t => {
  const path = '/api/v1/namespaces/default/limitranges'
  const { status, body } = await api.raw(path, { body: { metadata: {}, spec: { limits: [] } } })
  t.is(status, 201, body.message)
  t.regex(body.metadata.name, /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/)
  t.is((await api.raw(`${path}/${body.metadata.name}`)).status, 200)
})

test('watches are not sent in YAML, nor streams of other things than watches', async t => {
  const streamed = 'application/json;stream=watch, application/vnd.kubernetes.protobuf;stream=watch'
  for (const accept of ['application/yaml', 'application/yaml, application/json;q=0.1']) {
    const { status, text } = await api.raw(`${MAPS}?watch=1`, { headers: { accept } })
    t.is(status, 406)
    t.is(parse(text).message, `only the following media types are accepted: ${streamed}`)
  }
  const ask = (accept: string) =>
    api.raw(`${MAPS}?watch=1&timeoutSeconds=1&resourceVersion=0`, { headers: { accept } })
  t.is((await ask('application/json;stream=watch')).status, 200)
  t.is((await ask('application/json;stream=other')).status, 406)
  t.is((await ask('application/yaml;stream=watch, application/json')).status, 200)
})

// Found by trying: it was stored as null.
test('a number beyond all floats is refused where it would be kept', async t => {
  const why = 'json: cannot unmarshal number 1.5e400 into Go value of type float64'
  const text =
    '{"apiVersion":"odd.example.com/v1","kind":"Thing","metadata":{"name":"a"},"spec":{"n":1.5e400}}'
  const yaml = { headers: { 'content-type': 'application/apply-patch+yaml' }, method: 'PATCH' }
  for (const [answer, message] of [
    [await api.raw(THINGS, { body: text }), `Thing in version "v1" cannot be handled as a Thing: ${why}`],
    [await patch(`${THINGS}/a`, 'merge', text), `error decoding patch: ${why}`],
    [
      await api.raw(`${THINGS}/a?fieldManager=m`, { ...yaml, body: text }),
      `error decoding YAML: error unmarshaling JSON: while decoding JSON: ${why}`,
    ],
  ] as const) {
    t.is(answer.status, 400, answer.text)
    t.is(answer.body.message, message)
  }
  const said = JSON.stringify('1e400, or 2e+999')
  const fine = `{"metadata":{"name":"said"},"apiVersion":"odd.example.com/v1","kind":"Thing","spec":{"n":${said}}}`
  t.is((await api.raw(THINGS, { body: fine })).status, 201)
})

test('a path of two slashes leads nowhere', async t => {
  for (const path of ['//', '//api/v1/pods', '//version']) {
    const { status, text } = await api.raw(path)
    t.is(status, 404, path)
    t.is(text, '404 page not found\n')
  }
  t.is((await api.raw('/')).status, 200)
})

// Strategic patches are not read from text: upstream converts their result, and says so in other words.
for (const [change, why] of [
  [{ replicas: '3' }, 'unrecognized type: int32'],
  [{ replicas: 1.5 }, 'cannot convert float64 to int32'],
  [{ paused: 1 }, 'unrecognized type: bool'],
  [{ selector: 5 }, 'cannot restore struct from: int64'],
  [{ selector: { matchLabels: 'a' } }, 'cannot restore map from string'],
  [{ selector: { matchLabels: { a: 1 } } }, 'cannot convert int64 to string'],
  [{ selector: { matchLabels: { a: true } } }, 'unrecognized type: string'],
  [{ template: { spec: { restartPolicy: 1 } } }, 'cannot convert int64 to v1.RestartPolicy'],
] as const) {
  test(`what a strategic patch cannot be converted to is told - ${JSON.stringify(change)}`, async t => {
    const path = '/apis/apps/v1/namespaces/default/deployments'
    const template = { metadata: { labels: { a: 'b' } }, spec: { containers: [{ name: 'c', image: 'i' }] } }
    const spec = { selector: { matchLabels: { a: 'b' } }, template }
    // One of the tests creates it, the others find it there.
    await api.raw(path, { body: { metadata: { name: 'converted' }, spec } })
    const { status, body } = await patch(`${path}/converted`, 'strategic-merge', { spec: change })
    t.is(status, 422, body.message)
    t.true(body.message.endsWith(`]": ${why}`), body.message)
  })
}
