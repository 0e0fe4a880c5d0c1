import { request } from 'node:https'
import test from 'ava'
import { type ApiService, apiServices } from '../../../api/kinds/apiregistration.ts'
import { startExtensionServer } from '../../fixtures/extension-server.ts'
import { startTestApiServer, takeEvents } from '../../helpers/api-server.ts'
import { definition, establish, version } from '../../helpers/custom-resources.ts'

const api = await startTestApiServer()
const extension = await startExtensionServer(api.pki.frontProxy.ca.cert, ['weather.default.svc'])
test.after.always(async () => {
  await api.stop()
  await extension.stop()
})

const GROUP = 'extension.example.com'
const PATH = `/apis/${GROUP}/v1/namespaces/default/weathers`
const SERVICES = '/apis/apiregistration.k8s.io/v1/apiservices'
const remoteService = (name: string, group: string, more: object = {}) => ({
  metadata: { name: `v1.${group}` },
  spec: {
    group,
    version: 'v1',
    groupPriorityMinimum: 100,
    versionPriority: 10,
    service: { namespace: 'default', name },
    ...more,
  },
})

/** Resolves with an APIService when its condition Available has a reason; rejects after ten seconds. */
async function withReason(name: string, reason: string): Promise<ApiService> {
  const found = Promise.withResolvers<ApiService>()
  const look = (service: ApiService): void => {
    const has = service.status?.conditions?.some(condition => condition.reason === reason)
    if (service.metadata.name === name && has) found.resolve(service)
  }
  const timer = setTimeout(() => found.reject(new Error(`${name} is not ${reason}`)), 120_000)
  const off = api.server.informers.informer(apiServices).addHandler({ added: look, updated: look })
  try {
    return await found.promise
  } finally {
    off()
    clearTimeout(timer)
  }
}

test.before(async () => {
  const metadata = { name: 'weather' }
  const port = { name: 'https', port: 443, targetPort: extension.port }
  await api.raw('/api/v1/namespaces/default/services', { body: { metadata, spec: { ports: [port] } } })
  const subsets = [
    { addresses: [{ ip: extension.address }], ports: [{ name: 'https', port: extension.port }] },
  ]
  await api.raw('/api/v1/namespaces/default/endpoints', { body: { metadata, subsets } })
  await api.raw(SERVICES, { body: remoteService('weather', GROUP, { caBundle: extension.caBundle }) })
  await withReason(`v1.${GROUP}`, 'Passed')
})

test('what is served here has local APIServices, custom groups included', async t => {
  const { conditions } = (await withReason('v1.apps', 'Local')).status!
  t.is(conditions![0]!.message, 'Local APIServices are always available')
  const text = await api.kubectl('1.33', 'get', 'apiservices')
  t.regex(text, /^NAME +SERVICE +AVAILABLE +AGE\n/)
  t.regex(text, /\nv1\. +Local +True /)
  t.regex(text, new RegExp(`\nv1.${GROUP} +default/weather +True `))
  const group = 'local.example.com'
  await establish(api, definition(group, [version('v1')]))
  const { spec, metadata } = await withReason(`v1.${group}`, 'Local')
  t.deepEqual([spec.groupPriorityMinimum, spec.versionPriority], [1000, 100])
  t.is(metadata.labels!['kube-aggregator.kubernetes.io/automanaged'], 'true')
})

test('requests are passed on with the caller’s identity, and without what the caller says of it', async t => {
  const headers = {
    'x-remote-user': 'somebody',
    authorization: 'Basic abc',
    'impersonate-user': 'jane',
    'impersonate-group': 'system:masters',
    'impersonate-extra-team%2Fname': 'blue',
  }
  const { status, body } = await api.raw(`${PATH}/now?pretty=false`, { headers })
  t.is(status, 200)
  t.is(body.spec.sky, 'blue')
  const seen = extension.seen.findLast(({ path }) => path === `${PATH}/now?pretty=false`)!
  t.is(seen.client, 'front-proxy-client')
  t.is(seen.headers['x-remote-user'], 'jane')
  t.is(seen.headers['x-remote-group'], 'system:masters, system:authenticated')
  t.is(seen.headers['x-remote-extra-team%2fname'], 'blue')
  t.is(seen.headers.authorization, undefined)
  t.is(seen.headers['impersonate-user'], undefined)
})

test('rights are looked at before a request is passed on', async t => {
  const before = extension.seen.length
  const { status, body } = await api.raw(`${PATH}/forbidden`, { user: null })
  t.is(status, 403)
  t.regex(body.message, /cannot get resource "weathers" in API group "extension.example.com"/)
  t.false(extension.seen.slice(before).some(({ path }) => path.includes('forbidden')))
})

test('watches pass through as they come', async t => {
  const [event] = await takeEvents(await api.open(`${PATH}?watch=1`), 1)
  t.is(event!.object.metadata.name, 'now')
})

test('upgraded connections pass through', async t => {
  const { admin } = api.pki.clients
  const echoed = await new Promise<string>((resolve, reject) => {
    const sent = request(`${api.url}${PATH}/now/connect`, {
      ca: api.pki.ca.cert,
      cert: admin.cert,
      key: admin.key,
      headers: { connection: 'Upgrade', upgrade: 'echo' },
    })
    sent.on('upgrade', (_answer, socket) => {
      socket.once('data', chunk => {
        socket.destroy()
        resolve(String(chunk))
      })
      socket.write('hello')
    })
    sent.on('response', ({ statusCode }) => reject(new Error(`answered ${statusCode}`)))
    sent.on('error', reject)
    sent.end()
  })
  t.is(echoed, 'hello')
})

test('discovery and OpenAPI show the remote group as if it were served here', async t => {
  const { body: group } = await api.raw(`/apis/${GROUP}`)
  t.is(group.preferredVersion.groupVersion, `${GROUP}/v1`)
  const accept = 'application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList'
  const { body: all } = await api.raw('/apis', { headers: { accept } })
  const found = all.items.find(({ metadata }: any) => metadata.name === GROUP)
  t.is(found.versions[0].freshness, 'Current')
  t.is(found.versions[0].resources[0].resource, 'weathers')
  for (const kubectl of ['1.27', '1.33']) {
    t.regex(await api.kubectl(kubectl, 'get', 'weathers', 'now', '-o', 'jsonpath={.spec.sky}'), /^blue$/)
    t.regex(await api.kubectl(kubectl, 'explain', 'weathers.spec'), /sky\s+<string>\s+Its colour\./)
  }
  const { body: v2 } = await api.raw('/openapi/v2')
  t.truthy(v2.definitions['com.example.Weather'])
  t.truthy(v2.definitions['io.k8s.api.core.v1.Pod'])
})

test('a server that cannot be asked is not available, for upstream’s reasons', async t => {
  await api.raw(SERVICES, { body: remoteService('none', 'none.example.com') })
  const missing = await withReason('v1.none.example.com', 'ServiceNotFound')
  t.is(missing.status!.conditions![0]!.message, 'service/none in "default" is not present')
  const { status, text } = await api.raw('/apis/none.example.com/v1/things')
  t.deepEqual([status, text], [503, 'service unavailable\n'])
  const service = { namespace: 'default', name: 'weather', port: 80 }
  await api.raw(SERVICES, { body: remoteService('weather', 'port.example.com', { service }) })
  const port = await withReason('v1.port.example.com', 'ServicePortError')
  t.is(port.status!.conditions![0]!.message, 'service/weather in "default" is not listening on port 80')
  const metadata = { name: 'empty' }
  await api.raw('/api/v1/namespaces/default/services', {
    body: { metadata, spec: { ports: [{ port: 443 }] } },
  })
  await api.raw(SERVICES, { body: remoteService('empty', 'empty.example.com') })
  await withReason('v1.empty.example.com', 'EndpointsNotFound')
  await api.raw(SERVICES, { body: remoteService('weather', 'untrusted.example.com') })
  const untrusted = await withReason('v1.untrusted.example.com', 'FailedDiscoveryCheck')
  t.regex(
    untrusted.status!.conditions![0]!.message!,
    /^failing or missing response from https:.*failed to verify certificate/,
  )
})

test('remote servers can read how to know who makes a request', async t => {
  const { body } = await api.raw(
    '/api/v1/namespaces/kube-system/configmaps/extension-apiserver-authentication',
  )
  t.is(body.data['requestheader-client-ca-file'], api.pki.frontProxy.ca.cert)
  t.is(body.data['client-ca-file'], api.pki.ca.cert)
  t.is(body.data['requestheader-username-headers'], '["X-Remote-User"]')
})

test('a bad APIService is refused in upstream’s words', async t => {
  const { body } = await api.raw(SERVICES, {
    body: {
      metadata: { name: 'x' },
      spec: {
        group: 'a.example.com',
        version: 'v1',
        groupPriorityMinimum: 0,
        versionPriority: 2000,
        caBundle: 'YQ==',
      },
    },
  })
  t.deepEqual(
    body.details.causes.map(({ field }: { field: string }) => field),
    ['metadata.name', 'spec.groupPriorityMinimum', 'spec.versionPriority', 'spec.caBundle'],
  )
})
