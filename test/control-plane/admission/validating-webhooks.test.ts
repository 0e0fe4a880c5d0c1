import test from 'ava'
import { configureWebhook, startAdmissionServer, until } from '../../helpers/admission-webhook.ts'
import { startTestApiServer } from '../../helpers/api-server.ts'

const events: any[] = []
const server = await startAdmissionServer({ names: ['hook.behind.svc'] })
const api = await startTestApiServer({ audit: event => void events.push(event) })
test.after.always(async () => {
  await api.stop()
  await server.stop()
})

const inNamespace = async (name: string, labels: object = {}) => {
  await api.raw('/api/v1/namespaces', { body: { metadata: { name, labels } } })
  return `/api/v1/namespaces/${name}`
}
const askedAt = (path: string) => server.asked.filter(asked => asked.path.startsWith(path))
const configMap = (name: string, more: object = {}) => ({ metadata: { name, ...more } })

test('a refusal is told in upstream’s words, with the webhook’s own code and reason', async t => {
  const ns = await inNamespace('refused')
  let answer: object = { allowed: false }
  const clientConfig = server.at('/refused', () => answer)
  await configureWebhook(api, 'validating', 'refused', { clientConfig }, 'refused')
  const create = async () => (await api.raw(`${ns}/configmaps`, { body: configMap('x') })).body
  const denied = 'admission webhook "refused.example.com" denied the request'
  const plain = await create()
  t.like(plain, { kind: 'Status', status: 'Failure', code: 400, message: `${denied} without explanation` })
  t.is(plain.reason, undefined)
  answer = { allowed: false, status: { message: 'not here', reason: 'Forbidden', code: 403 } }
  t.like(await create(), { code: 403, reason: 'Forbidden', message: `${denied}: not here` })
  answer = { allowed: false, status: { reason: 'Because', code: 200 } }
  t.like(await create(), { code: 400, reason: 'Because', message: `${denied}: Because` })
  answer = { allowed: true, patchType: 'JSONPatch', patch: 'W10=' }
  t.regex((await create()).message, /validating webhook may not return response\.patch$/)
})

test('warnings reach the client and notes the audit log', async t => {
  const ns = await inNamespace('noted')
  const clientConfig = server.at('/noted', () => ({
    allowed: true,
    warnings: ['look out'],
    auditAnnotations: { seen: 'yes' },
  }))
  await configureWebhook(api, 'validating', 'noted', { clientConfig }, 'noted')
  const { headers } = await api.raw(`${ns}/configmaps`, { body: configMap('x') })
  t.true(String(headers.warning).includes('299 - "look out"'))
  const found = () => events.find(({ auditID }) => auditID === headers['audit-id'])
  await until(() => found() !== undefined)
  t.is(found().annotations['noted.example.com/seen'], 'yes')
})

test('updates and deletions are told of with what was there, dry runs only where they do no harm', async t => {
  const ns = await inNamespace('life')
  const clientConfig = server.at('/life', () => ({ allowed: true }))
  const path = await configureWebhook(api, 'validating', 'life', { clientConfig }, 'life')
  await api.raw(`${ns}/configmaps`, { body: { ...configMap('x'), data: { a: '1' } } })
  await api.raw(`${ns}/configmaps/x?fieldManager=m`, {
    method: 'PUT',
    body: { ...configMap('x'), data: { a: '2' } },
  })
  await api.raw(`${ns}/configmaps/x`, {
    method: 'DELETE',
    body: { kind: 'DeleteOptions', apiVersion: 'v1', gracePeriodSeconds: 0 },
  })
  const asked = askedAt('/life').map(({ request }) => request)
  const last = (operation: string) => asked.findLast(request => request.operation === operation)
  const [updated, deleted] = [last('UPDATE'), last('DELETE')]
  t.is(updated.object.data.a, '2')
  t.is(updated.oldObject.data.a, '1')
  t.deepEqual(updated.options, { kind: 'UpdateOptions', apiVersion: 'meta.k8s.io/v1', fieldManager: 'm' })
  t.is(deleted.object, null)
  t.is(deleted.oldObject.data.a, '2')
  t.deepEqual(deleted.options, { kind: 'DeleteOptions', apiVersion: 'meta.k8s.io/v1', gracePeriodSeconds: 0 })
  const dry = () => api.raw(`${ns}/configmaps?dryRun=All`, { body: configMap('y') })
  t.is((await dry()).status, 201)
  t.true(askedAt('/life').at(-1)!.request.dryRun)
  await api.raw(path, {
    method: 'PATCH',
    body: [{ op: 'replace', path: '/webhooks/0/sideEffects', value: 'NoneOnDryRun' }],
    headers: { 'content-type': 'application/json-patch+json' },
  })
  t.is((await dry()).status, 201)
})

test('rules, namespaces and labels say which requests a webhook is asked about', async t => {
  const ns = await inNamespace('chosen', { watched: 'yes' })
  const other = await inNamespace('unchosen')
  const clientConfig = server.at('/chosen', () => ({ allowed: false }))
  await configureWebhook(api, 'validating', '', {
    clientConfig,
    namespaceSelector: { matchLabels: { watched: 'yes' } },
    objectSelector: { matchExpressions: [{ key: 'skip', operator: 'DoesNotExist' }] },
    rules: [
      {
        operations: ['CREATE'],
        apiGroups: [''],
        apiVersions: ['v1'],
        resources: ['configmaps', 'pods/*'],
        scope: 'Namespaced',
      },
    ],
  })
  const status = async (path: string, body: object) => (await api.raw(path, { body })).status
  t.is(await status(`${ns}/configmaps`, configMap('a')), 400)
  t.is(await status(`${other}/configmaps`, configMap('a')), 201)
  t.is(await status(`${ns}/configmaps`, configMap('b', { labels: { skip: '1' } })), 201)
  t.is(await status(`${ns}/secrets`, configMap('a')), 201)
  t.is((await api.raw(`${ns}/configmaps/b`, { method: 'DELETE' })).status, 200)
})

test('opening a connection to a Pod is the operation CONNECT', async t => {
  const ns = await inNamespace('connected')
  const clientConfig = server.at('/connected', () => ({ allowed: false, status: { message: 'no shells' } }))
  const rules = [{ operations: ['CONNECT'], apiGroups: [''], apiVersions: ['v1'], resources: ['pods/exec'] }]
  await configureWebhook(api, 'validating', 'connected', { clientConfig, rules }, 'connected')
  const { body } = await api.raw(`${ns}/pods/p/exec?command=sh&command=-c&container=a&stdin=true&tty=true`, {
    method: 'POST',
  })
  t.is(body.message, 'admission webhook "connected.example.com" denied the request: no shells')
  const [asked] = askedAt('/connected')
  t.like(asked!.request, {
    operation: 'CONNECT',
    name: 'p',
    namespace: 'connected',
    subResource: 'exec',
    options: null,
  })
  t.deepEqual(asked!.request.kind, { group: '', version: 'v1', kind: 'PodExecOptions' })
  t.deepEqual(asked!.request.object, {
    kind: 'PodExecOptions',
    apiVersion: 'v1',
    stdin: true,
    tty: true,
    container: 'a',
    command: ['sh', '-c'],
  })
})

test('a webhook that does not answer in time, is away or breaks fails the request, or is passed over', async t => {
  const ns = await inNamespace('away')
  const hook = { clientConfig: server.at('/away', () => undefined), timeoutSeconds: 1 }
  const path = await configureWebhook(api, 'validating', 'away', hook, 'away')
  const create = async (name = 'x') => (await api.raw(`${ns}/configmaps`, { body: configMap(name) })).body
  const url = `${server.tls.url}/away`
  const failed =
    'Internal error occurred: failed calling webhook "away.example.com": failed to call webhook: '
  const late = await create()
  t.like(late, {
    code: 500,
    reason: 'InternalError',
    message: `${failed}Post "${url}?timeout=1s": context deadline exceeded`,
  })
  t.is(`Internal error occurred: ${late.details.causes[0].message}`, late.message)
  const patch = (value: object) =>
    api.raw(path, {
      method: 'PATCH',
      body: Object.entries(value).map(([field, value]) => ({
        op: 'add',
        path: `/webhooks/0/${field}`,
        value,
      })),
      headers: { 'content-type': 'application/json-patch+json' },
    })
  await patch({ timeoutSeconds: 30 })
  server.at('/away', () => ({ raw: { status: 500, body: 'oh no' } }))
  await until(async () => {
    await create()
    return askedAt('/away').at(-1)!.path.endsWith('?timeout=30s')
  })
  t.is(
    (await create()).message,
    `${failed}an error on the server ("oh no") has prevented the request from succeeding`,
  )
  server.at('/away', () => ({ raw: { status: 404, body: '' } }))
  t.is((await create()).message, `${failed}the server could not find the requested resource`)
  const untyped = { response: { allowed: true } }
  server.at('/away', ({ uid }) => ({
    raw: { status: 200, body: JSON.stringify({ response: { ...untyped.response, uid } }) },
  }))
  t.is(
    (await create()).message,
    'Internal error occurred: failed calling webhook "away.example.com": received invalid webhook response: expected webhook response of admission.k8s.io/v1, Kind=AdmissionReview, got /, Kind=',
  )
  await patch({ clientConfig: { url: 'https://127.0.0.1:1/' } })
  await until(async () => /127\.0\.0\.1:1\//.test((await create()).message))
  t.is(
    (await create()).message,
    `${failed}Post "https://127.0.0.1:1/?timeout=30s": dial tcp 127.0.0.1:1: connect: connection refused`,
  )
  await patch({ failurePolicy: 'Ignore' })
  await until(async () => (await create()).kind === 'ConfigMap')
  t.like(await create(), { reason: 'AlreadyExists' })
  const { text } = await api.raw('/metrics')
  t.regex(
    text,
    /apiserver_admission_webhook_fail_open_count\{name="away\.example\.com",type="validating"\} \d/,
  )
  t.regex(
    text,
    /apiserver_admission_webhook_rejection_count\{name="away\.example\.com",type="validating",operation="CREATE",error_type="calling_webhook_error",rejection_code="404"\} 1/,
  )
  t.regex(
    text,
    /apiserver_admission_webhook_admission_duration_seconds_count\{name="away\.example\.com",type="validating",operation="CREATE",rejected="true"\} \d/,
  )
})

test('a webhook is found behind its Service, by its own name in the certificate', async t => {
  const ns = await inNamespace('behind')
  await api.raw(`${ns}/services`, {
    body: { metadata: { name: 'hook' }, spec: { ports: [{ port: 443, targetPort: server.tls.port }] } },
  })
  server.at('/behind', () => ({ allowed: false, status: { message: 'found' } }))
  const service = { namespace: 'behind', name: 'hook', path: '/behind' }
  const clientConfig = { service, caBundle: server.tls.caBundle }
  await configureWebhook(api, 'validating', 'behind', { clientConfig }, 'behind')
  const create = async () => (await api.raw(`${ns}/configmaps`, { body: configMap('x') })).body.message
  // Services are known a moment after they were made.
  const none =
    'failed to call webhook: Post "https://hook.behind.svc:443/behind?timeout=30s": no endpoints available for service "hook"'
  await until(async () => (await create()).includes(none))
  const subsets = [{ addresses: [{ ip: server.tls.address }], ports: [{ port: server.tls.port }] }]
  await api.raw(`${ns}/endpoints`, { body: { metadata: { name: 'hook' }, subsets } })
  await until(
    async () => (await create()) === 'admission webhook "behind.example.com" denied the request: found',
  )
  t.pass()
})

test('configurations of webhooks are never subject to webhooks, and work until they are deleted', async t => {
  const clientConfig = server.at('/exempt', () => ({ allowed: false }))
  const rules = [
    {
      operations: ['*'],
      apiGroups: ['admissionregistration.k8s.io', 'scheduling.k8s.io'],
      apiVersions: ['*'],
      resources: ['*'],
    },
  ]
  const path = await configureWebhook(api, 'validating', 'x', { clientConfig, rules, namespaceSelector: {} })
  const make = () =>
    api.raw('/apis/scheduling.k8s.io/v1/priorityclasses', { body: { ...configMap('low'), value: 1 } })
  t.is((await make()).status, 400)
  t.is((await api.raw(path, { method: 'DELETE' })).status, 200)
  await until(async () => (await make()).status === 201)
})

test.serial('a server that was killed asks the same webhooks when it is back', async t => {
  const ns = await inNamespace('again')
  const clientConfig = server.at('/again', () => ({ allowed: false }))
  await configureWebhook(api, 'validating', 'again', { clientConfig })
  t.is((await api.raw(`${ns}/configmaps`, { body: configMap('x') })).status, 400)
  await api.restart()
  t.is((await api.raw(`${ns}/configmaps`, { body: configMap('x') })).status, 400)
})

test('match conditions decide whether a webhook is asked, and fail closed', async t => {
  const ns = await inNamespace('conditioned')
  const clientConfig = server.at('/conditioned', () => ({ allowed: false }))
  const matchConditions = [
    { name: 'labelled', expression: 'has(object.metadata.labels) && object.metadata.labels.check == "yes"' },
    { name: 'sized', expression: 'object.data.size == "1"' },
  ]
  await configureWebhook(api, 'validating', 'conditioned', { clientConfig, matchConditions }, 'conditioned')
  const create = async (labels: object, data: object) =>
    (await api.raw(`${ns}/configmaps`, { body: { metadata: { name: 'x', labels }, data } })).body
  t.regex((await create({ check: 'yes' }, { size: '1' })).message, /denied the request/)
  t.is(
    (await create({ check: 'yes' }, { other: '1' })).message,
    'configmaps "x" is forbidden: expression \'object.data.size == "1"\' resulted in error: no such key: size',
  )
  t.is((await create({ check: 'no' }, { other: '1' })).kind, 'ConfigMap')
})

test('webhooks that are ignored cannot use up more time than the request has', async t => {
  const ns = await inNamespace('hurried')
  const clientConfig = server.at('/hurried', () => undefined)
  const slow = { clientConfig, timeoutSeconds: 30, failurePolicy: 'Ignore' }
  await configureWebhook(api, 'validating', 'hurried', slow)
  const { status, body } = await api.raw(`${ns}/configmaps?timeout=5s`, { body: configMap('x') })
  t.is(status, 504)
  t.is(body.reason, 'Timeout')
  t.regex(askedAt('/hurried')[0]!.path, /^\/hurried\?timeout=[1-5]s$/)
  t.is((await api.raw(`${ns}/configmaps/x`)).status, 404)
})
