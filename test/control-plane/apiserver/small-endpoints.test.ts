import test from 'ava'
import { startTestApiServer, type TestApiServer } from '../../helpers/api-server.ts'
import { definition, version } from '../../helpers/custom-resources.ts'

let api: TestApiServer
let isWell = true

test.before(async () => {
  const check = (): void => {
    if (!isWell) throw new Error('not well')
  }
  api = await startTestApiServer({
    livezGracePeriod: 60_000,
    checks: [
      { name: 'boot', isBoot: true, check },
      { name: 'other', check: () => {} },
    ],
  })
  await api.raw('/api/v1/namespaces/default/configmaps', {
    body: { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'one' }, data: { a: 'b' } },
  })
})
test.after.always(() => api.stop())

test.serial('a start that is not done is live for a while, and neither healthy nor ready', async t => {
  isWell = false
  const states = await Promise.all(
    ['/livez', '/healthz', '/readyz', '/livez/boot', '/healthz/boot'].map(
      async path => (await api.raw(path)).status,
    ),
  )
  isWell = true
  t.deepEqual(states, [200, 500, 500, 200, 500])
})

test.serial('how well the server is, is told check by check', async t => {
  await api.raw('/readyz')
  isWell = false
  await api.raw('/readyz?exclude=other')
  isWell = true
  const { status, text, headers } = await api.raw('/metrics/slis')
  t.is(status, 200)
  t.true(headers['content-type']!.startsWith('text/plain'))
  t.true(text.includes('kubernetes_healthcheck{name="boot",type="readyz"} 0'))
  t.true(text.includes('kubernetes_healthcheck{name="other",type="readyz"} 1'))
  t.regex(text, /kubernetes_healthchecks_total\{name="boot",type="readyz",status="error"\} \d/)
  t.regex(text, /kubernetes_healthchecks_total\{name="boot",type="readyz",status="success"\} \d/)
  t.true(text.includes('process_start_time_seconds'))
  t.false(text.includes('apiserver_request'))
  t.true((await api.raw('/')).body.paths.includes('/metrics/slis'))
  t.is((await api.raw('/metrics/others')).status, 404)
})

const PATH = '/api/v1/namespaces/default/configmaps'
const OLD = 'meta.k8s.io/v1beta1'

test('tables and bare metadata are told in the older version to who asks for it', async t => {
  const accept = (as: string) => ({ accept: `application/json;as=${as};v=v1beta1;g=meta.k8s.io` })
  const { body: table } = await api.raw(PATH, { headers: accept('Table') })
  t.like(table, { kind: 'Table', apiVersion: OLD })
  t.like(table.rows[0].object, { kind: 'PartialObjectMetadata', apiVersion: OLD })
  const { body: list } = await api.raw(PATH, { headers: accept('PartialObjectMetadataList') })
  t.like(list, { kind: 'PartialObjectMetadataList', apiVersion: OLD })
  t.is(list.items[0].apiVersion, OLD)
  const { body: one } = await api.raw(`${PATH}/one`, { headers: accept('PartialObjectMetadata') })
  t.like(one, { kind: 'PartialObjectMetadata', apiVersion: OLD })
  t.is(one.data, undefined)
  const { status } = await api.raw(PATH, {
    headers: { accept: 'application/json;as=Table;v=v1alpha1;g=meta.k8s.io' },
  })
  t.is(status, 406)
})

test('watchers of both versions are told in theirs', async t => {
  const firstOf = async (version: string): Promise<any> => {
    const response = await api.open(`${PATH}?watch=1`, {
      headers: { accept: `application/json;as=PartialObjectMetadata;v=${version};g=meta.k8s.io` },
    })
    const [chunk] = await response.take(1).toArray()
    response.destroy()
    return JSON.parse(String(chunk).split('\n')[0]!)
  }
  const [older, newer] = await Promise.all([firstOf('v1beta1'), firstOf('v1')])
  t.is(older.object.apiVersion, OLD)
  t.is(newer.object.apiVersion, 'meta.k8s.io/v1')
})

test('patches in CBOR are of no known format', async t => {
  const { status } = await api.raw(`${PATH}/one?fieldManager=m`, {
    method: 'PATCH',
    body: '{}',
    headers: { 'content-type': 'application/apply-patch+cbor' },
  })
  t.is(status, 415)
})

test('a token is made for the account that is meant', async t => {
  const at = '/api/v1/namespaces/default/serviceaccounts'
  const { body: account } = await api.raw(at, {
    body: { apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name: 'meant' } },
  })
  const ask = (uid?: string) =>
    api.raw(`${at}/meant/token`, {
      body: { apiVersion: 'authentication.k8s.io/v1', kind: 'TokenRequest', metadata: { uid }, spec: {} },
    })
  const { uid } = account.metadata
  for (const given of [undefined, uid]) {
    const answer = await ask(given)
    t.is(answer.status, 201, answer.text)
    t.is(answer.body.metadata.uid, uid)
  }
  const { status, body } = await ask('another')
  t.is(status, 409)
  t.is(
    body.message,
    `Operation cannot be fulfilled on TokenRequest.authentication.k8s.io "meant": the UID in the token request (another) does not match the UID of the service account (${uid})`,
  )
})

test('formats that nobody knows are warned of when they come into a definition', async t => {
  const formed = (...formats: string[]) => {
    const properties = formats.map((format, i) => [
      `f${i}`,
      { type: 'array', items: { type: 'string', format } },
    ])
    return definition('formed.example.com', [version('v1', Object.fromEntries(properties))])
  }
  const at = '/apis/apiextensions.k8s.io/v1/customresourcedefinitions'
  const created = await api.raw(at, { body: formed('password', 'date-time', 'k8s-short-name') })
  t.is(created.status, 201, created.text)
  t.is(created.headers.warning, '299 - "unrecognized format \\"k8s-short-name\\""')
  const { spec } = formed('k8s-short-name', 'odder')
  const patched = await api.mergePatch(`${at}/things.formed.example.com`, { spec })
  t.is(patched.headers.warning, '299 - "unrecognized format \\"odder\\""')
})

test('documents of OpenAPI v3 are in protobuf for who likes that best, under both names of its type', async t => {
  const type = (separator: string) => `application/com.github.proto-openapi.spec.v3${separator}v1.0+protobuf`
  const typeFor = async (accept: string) => {
    const { status, headers } = await api.raw('/openapi/v3/version', { headers: { accept } })
    t.is(status, 200, accept)
    return headers['content-type']
  }
  t.is(await typeFor(type('@')), type('.'))
  t.is(await typeFor(`${type('.')},application/json`), type('.'))
  t.is(await typeFor(`application/json,${type('@')}`), 'application/json')
  t.is(await typeFor(`${type('@')};q=0.5,*/*`), 'application/json')
  t.is(await typeFor('*/*'), 'application/json')
})
