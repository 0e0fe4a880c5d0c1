import { json } from 'node:stream/consumers'
import test from 'ava'
import { until } from '../../helpers/admission-webhook.ts'
import { startTestApiServer, takeEvents } from '../../helpers/api-server.ts'
import { definition, establish, version } from '../../helpers/custom-resources.ts'
import { startTlsServer } from '../../helpers/tls-server.ts'

/** v1 has `host` and `port`, v2 both in `address`. */
function convert(object: any, apiVersion: string): any {
  const { spec } = object
  if (apiVersion.endsWith('/v2'))
    return { ...object, apiVersion, spec: { address: `${spec.host}:${spec.port}` } }
  const [host, port] = spec.address.split(':')
  return { ...object, apiVersion, spec: { host, port: Number(port) } }
}

let breaks: 'not' | 'fails' | 'renames' = 'not'
const webhook = await startTlsServer(async (request, response) => {
  const { request: review, ...envelope } = (await json(request)) as any
  const convertedObjects = review.objects.map((object: any) => {
    const converted = convert(object, review.desiredAPIVersion)
    return breaks === 'renames'
      ? { ...converted, metadata: { ...object.metadata, name: 'other' } }
      : converted
  })
  const result = breaks === 'fails' ? { status: 'Failure', message: 'cannot do that' } : { status: 'Success' }
  response.setHeader('content-type', 'application/json')
  response.end(JSON.stringify({ ...envelope, response: { uid: review.uid, convertedObjects, result } }))
})
const api = await startTestApiServer()
test.after.always(async () => {
  await api.stop()
  await webhook.stop()
})

const conversion = (client: object) => ({
  conversion: { strategy: 'Webhook', webhook: { clientConfig: client, conversionReviewVersions: ['v1'] } },
})
const versions = () => [
  version('v1', { host: { type: 'string' }, port: { type: 'integer' } }, { storage: false }),
  version('v2', { address: { type: 'string' } }),
]
const pathOf = (group: string, v: string) => `/apis/${group}/${v}/namespaces/default/things`
const thing = (group: string, v: string, name: string, spec: object) => ({
  apiVersion: `${group}/${v}`,
  kind: 'Thing',
  metadata: { name },
  spec,
})

test.serial('objects are written, read, listed and watched in every version through the webhook', async t => {
  const group = 'webhook.example.com'
  const client = { url: `${webhook.url}/convert`, caBundle: webhook.caBundle }
  await establish(api, definition(group, versions(), conversion(client)))
  const made = await api.raw(pathOf(group, 'v1'), { body: thing(group, 'v1', 'a', { host: 'x', port: 1 }) })
  t.is(made.status, 201, made.text)
  t.deepEqual(made.body.spec, { host: 'x', port: 1 })
  const stored = await api.store.get(`things.${group}`, 'default/a')
  t.deepEqual(JSON.parse(stored!.bytes.toString()).spec, { address: 'x:1' })
  t.deepEqual((await api.raw(`${pathOf(group, 'v2')}/a`)).body.spec, { address: 'x:1' })
  const { resourceVersion } = made.body.metadata
  const watch = api.open(`${pathOf(group, 'v1')}?watch=1&resourceVersion=${resourceVersion}`)
  await api.raw(`${pathOf(group, 'v2')}/a`, {
    method: 'PATCH',
    body: { spec: { address: 'y:2' } },
    headers: { 'content-type': 'application/merge-patch+json' },
  })
  const [event] = await takeEvents(await watch, 1)
  t.deepEqual(event!.object.spec, { host: 'y', port: 2 })
  const { body: list } = await api.raw(pathOf(group, 'v1'))
  t.deepEqual(
    list.items.map(({ spec }: any) => spec),
    [{ host: 'y', port: 2 }],
  )
})

test.serial('who owns a field in another version is found out by the webhook', async t => {
  const group = 'owned.example.com'
  const client = { url: `${webhook.url}/convert`, caBundle: webhook.caBundle }
  await establish(api, definition(group, versions(), conversion(client)))
  const apply = (v: string, manager: string, spec: object, more = '') =>
    api.raw(`${pathOf(group, v)}/a?fieldManager=${manager}${more}`, {
      method: 'PATCH',
      body: thing(group, v, 'a', spec),
      headers: { 'content-type': 'application/apply-patch+yaml' },
    })
  t.is((await apply('v1', 'first', { host: 'x', port: 1 })).status, 201)
  const refused = await apply('v2', 'second', { address: 'x:2' })
  t.is(refused.status, 409)
  t.is(refused.body.message, 'Apply failed with 1 conflict: conflict with "first": .spec.port')
  const forced = await apply('v2', 'second', { address: 'x:2' }, '&force=true')
  t.is(forced.status, 200, forced.text)
  const owners = () =>
    api
      .raw(`${pathOf(group, 'v1')}/a`)
      .then(({ body }) =>
        body.metadata.managedFields.map(({ manager, apiVersion, fieldsV1 }: any) => [
          manager,
          apiVersion.split('/')[1],
          Object.keys(fieldsV1['f:spec'] ?? {}).filter(key => key !== '.'),
        ]),
      )
  t.deepEqual(await owners(), [
    ['first', 'v1', ['f:host']],
    ['second', 'v2', ['f:address']],
  ])
  await api.raw(`${pathOf(group, 'v1')}/a?fieldManager=third`, {
    method: 'PATCH',
    body: { spec: { host: 'y' } },
    headers: { 'content-type': 'application/merge-patch+json' },
  })
  t.deepEqual(await owners(), [['third', 'v1', ['f:host']]])
})

test.serial('a webhook that fails or changes names fails the request with upstream’s words', async t => {
  const group = 'broken.example.com'
  const client = { url: webhook.url, caBundle: webhook.caBundle }
  await establish(api, definition(group, versions(), conversion(client)))
  const body = thing(group, 'v1', 'a', { host: 'x', port: 1 })
  breaks = 'fails'
  const failed = await api.raw(pathOf(group, 'v1'), { body })
  t.is(failed.status, 500)
  t.regex(
    failed.body.message,
    /conversion webhook for broken\.example\.com\/v1, Kind=Thing failed: cannot do that/,
  )
  breaks = 'renames'
  const renamed = await api.raw(pathOf(group, 'v1'), { body })
  t.regex(renamed.body.message, /invalid converted object at index 0: metadata\.name must not be changed/)
  breaks = 'not'
  t.is((await api.raw(pathOf(group, 'v1'), { body })).status, 201)
})

test.serial('changes that cannot be converted end no server: they are shown once they can', async t => {
  const group = 'mended.example.com'
  const client = { url: webhook.url, caBundle: webhook.caBundle }
  await establish(api, definition(group, versions(), conversion(client)))
  const made = await api.raw(pathOf(group, 'v2'), { body: thing(group, 'v2', 'a', { address: 'x:1' }) })
  t.is(made.status, 201, made.text)
  t.deepEqual((await api.raw(pathOf(group, 'v1'))).body.items[0].spec, { host: 'x', port: 1 })
  breaks = 'fails'
  const change = (address: string) =>
    api.raw(`${pathOf(group, 'v2')}/a`, {
      method: 'PATCH',
      body: { spec: { address } },
      headers: { 'content-type': 'application/merge-patch+json' },
    })
  for (const port of [2, 3]) t.is((await change(`y:${port}`)).status, 200)
  const read = () => api.raw(`${pathOf(group, 'v1')}/a`)
  await until(async () => (await read()).status === 500)
  t.regex((await read()).body.message, /Kind=Thing failed: cannot do that/)
  breaks = 'not'
  const isMended = async () => (await read()).body.spec?.port === 3
  await until(isMended)
  t.true(await isMended())
})

test.serial('an unreachable webhook, and one whose certificate is not trusted, are told of', async t => {
  const group = 'away.example.com'
  await establish(api, definition(group, versions(), conversion({ url: webhook.url })))
  const body = thing(group, 'v1', 'a', { host: 'x', port: 1 })
  const untrusted = await api.raw(pathOf(group, 'v1'), { body })
  t.regex(untrusted.body.message, /failed: Post "https:.*tls: failed to verify certificate/)
  const other = 'service.example.com'
  const service = { namespace: 'default', name: 'none', path: '/convert' }
  await establish(api, definition(other, versions(), conversion({ service })))
  const missing = await api.raw(pathOf(other, 'v1'), {
    body: thing(other, 'v1', 'a', { host: 'x', port: 1 }),
  })
  t.regex(missing.body.message, /Post "https:\/\/none\.default\.svc:443\/convert": service "none" not found/)
})

test.serial('a webhook is found behind its Service', async t => {
  const named = await startTlsServer(
    async (request, response) => {
      const { request: review, ...envelope } = (await json(request)) as any
      const convertedObjects = review.objects.map((object: any) => convert(object, review.desiredAPIVersion))
      const answer = { uid: review.uid, convertedObjects, result: { status: 'Success' } }
      response.end(JSON.stringify({ ...envelope, response: answer }))
    },
    { names: ['hook.default.svc'] },
  )
  t.teardown(() => named.stop())
  const metadata = { name: 'hook' }
  const ports = [{ name: 'https', port: 443, targetPort: named.port }]
  await api.raw('/api/v1/namespaces/default/services', { body: { metadata, spec: { ports } } })
  const subsets = [{ addresses: [{ ip: named.address }], ports: [{ name: 'https', port: named.port }] }]
  const made = await api.raw('/api/v1/namespaces/default/endpoints', { body: { metadata, subsets } })
  t.is(made.status, 201, made.text)
  const group = 'behind.example.com'
  const client = { service: { namespace: 'default', name: 'hook' }, caBundle: named.caBundle }
  await establish(api, definition(group, versions(), conversion(client)))
  const create = () => api.raw(pathOf(group, 'v1'), { body: thing(group, 'v1', 'a', { host: 'x', port: 1 }) })
  let { body } = await create()
  // Services are known a moment after they were made.
  await until(async () => {
    if (!body.spec) body = (await create()).body
    return body.spec !== undefined
  })
  t.deepEqual(body.spec, { host: 'x', port: 1 })
})
