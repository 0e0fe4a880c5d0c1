import test from 'ava'
import { until } from '../../helpers/admission-webhook.ts'
import { startTestApiServer } from '../../helpers/api-server.ts'

const api = await startTestApiServer()
test.after.always(() => api.stop())

test.serial('who has no credentials is system:anonymous and may only ask for version and health', async t => {
  t.is((await api.raw('/version', { user: null })).status, 200)
  t.is((await api.raw('/livez', { user: null })).text, 'ok')
  const { status, body } = await api.raw('/api/v1/pods', { user: null })
  t.is(status, 403)
  t.is(
    body.message,
    'pods is forbidden: User "system:anonymous" cannot list resource "pods" in API group "" at the cluster scope',
  )
})

test.serial('a wrong token is 401, not anonymous', async t => {
  const headers = { authorization: 'Bearer nonsense' }
  const { status, body } = await api.raw('/version', { user: null, headers })
  t.is(status, 401)
  t.is(body.reason, 'Unauthorized')
})

test.serial('component identities have their own rights and no others', async t => {
  t.is((await api.raw('/api/v1/nodes', { user: 'scheduler' })).status, 200)
  const refused = await api.raw('/api/v1/secrets', { user: 'scheduler' })
  t.is(refused.status, 403)
  t.true(refused.body.message.includes('User "system:kube-scheduler" cannot list resource "secrets"'))
})

// Found by upstream's conformance tests; every add-on with an API of its own (metrics-server …) binds itself to this role.
test.serial('a server behind an APIService may be let read how callers are authenticated', async t => {
  const path = '/apis/rbac.authorization.k8s.io/v1/namespaces/kube-system/rolebindings'
  const name = 'extension-apiserver-authentication-reader'
  const subjects = [{ kind: 'ServiceAccount', name: 'metrics', namespace: 'default' }]
  const body = { metadata: { name: 'metrics' }, roleRef: { apiGroup: '', kind: 'Role', name }, subjects }
  const bound = await api.raw(path, { body })
  t.is(bound.body.roleRef.apiGroup, 'rbac.authorization.k8s.io')
  const headers = { 'impersonate-user': 'system:serviceaccount:default:metrics' }
  const configMaps = '/api/v1/namespaces/kube-system/configmaps'
  // Rights hold a moment after they were written.
  const read = () => api.raw(`${configMaps}/extension-apiserver-authentication`, { headers })
  await until(async () => (await read()).status === 200)
  t.is((await api.raw(`${configMaps}/kube-root-ca.crt`, { headers })).status, 403)
  const { body: own } = await api.raw(`${path}/system::extension-apiserver-authentication-reader`)
  t.deepEqual(
    own.subjects.map((subject: any) => subject.name),
    ['system:kube-controller-manager', 'system:kube-scheduler'],
  )
})

test.serial('impersonation acts with the rights of the other, for those who may', async t => {
  const headers = { 'impersonate-user': 'jane', 'impersonate-group': 'readers' }
  const asJane = await api.raw('/api/v1/pods', { headers })
  t.is(asJane.status, 403)
  t.true(asJane.body.message.includes('User "jane" cannot list'))
  const refused = await api.raw('/api/v1/pods', { headers, user: 'scheduler' })
  t.true(refused.body.message.includes('cannot impersonate resource "users"'))
})

// Found by trying: names were parted at their commas, and a key that is not encoded was a fault of the server.
test.serial('who is impersonated is taken to the letter', async t => {
  const headers: Record<string, any> = {
    'impersonate-user': 'jane',
    'impersonate-group': ['cn=readers,ou=staff', 'others'],
    'impersonate-extra-acme.com%2Fproject': ['a, b', 'c'],
    'impersonate-extra-50%': 'off',
  }
  const body = { apiVersion: 'authentication.k8s.io/v1', kind: 'SelfSubjectReview' }
  const answer = await api.raw('/apis/authentication.k8s.io/v1/selfsubjectreviews', { body, headers })
  t.is(answer.status, 201, answer.text)
  const { username, groups, extra } = answer.body.status.userInfo
  t.is(username, 'jane')
  t.deepEqual(groups, ['cn=readers,ou=staff', 'others', 'system:authenticated'])
  t.deepEqual(extra, { 'acme.com/project': ['a, b', 'c'], '50%': ['off'] })
})

test.serial('discovery: groups, versions and resources, and the aggregated form with its ETag', async t => {
  const { body: groups } = await api.raw('/apis')
  t.is(groups.kind, 'APIGroupList')
  t.true(groups.groups.some((group: any) => group.name === 'apps' && group.preferredVersion.version === 'v1'))
  const { body: core } = await api.raw('/api/v1')
  const pods = core.resources.find((resource: any) => resource.name === 'pods')
  t.like(pods, { singularName: 'pod', namespaced: true, kind: 'Pod', shortNames: ['po'] })
  t.truthy(core.resources.find((resource: any) => resource.name === 'pods/status'))
  const accept = 'application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList,application/json'
  const aggregated = await api.raw('/apis', { headers: { accept } })
  t.is(aggregated.body.kind, 'APIGroupDiscoveryList')
  const etag = aggregated.headers.etag!
  t.is((await api.raw('/apis', { headers: { accept, 'if-none-match': etag } })).status, 304)
})

test.serial('unknown paths, resources and methods are refused as upstream does', async t => {
  const unknown = await api.raw('/api/v1/nonsense')
  t.is(unknown.status, 404)
  t.is(unknown.body.message, 'the server could not find the requested resource')
  t.is((await api.raw('/apis/none.example.com/v1/things')).status, 404)
  t.is((await api.raw('/api/v1/namespaces/default/pods/p/nonsense')).status, 404)
  const method = await api.raw('/api/v1/namespaces', { method: 'DELETE' })
  t.is(method.status, 405)
  t.is(method.body.reason, 'MethodNotAllowed')
})

test.serial('readyz tells of each check, and of the store when it is away', async t => {
  const { text } = await api.raw('/readyz?verbose')
  t.true(text.includes('[+]etcd ok'))
  t.true(text.endsWith('readyz check passed\n'))
  await api.redis.kill()
  const failed = await api.raw('/readyz')
  t.is(failed.status, 500)
  t.true(failed.text.includes('[-]etcd failed'))
  api.redis.start()
  t.is((await api.raw('/readyz')).status, 200)
})

test.serial('metrics have upstream’s names', async t => {
  const { text } = await api.raw('/metrics')
  t.true(text.includes('apiserver_request_total{'))
  t.true(text.includes('apiserver_request_duration_seconds_bucket{'))
  t.true(text.includes('apiserver_current_inflight_requests{'))
})

test.serial('the kubernetes Service is there with its endpoints, and comes back with them', async t => {
  const path = '/api/v1/namespaces/default'
  t.is((await api.raw(`${path}/services/kubernetes`)).body.spec.clusterIP, '10.96.0.1')
  const { body } = await api.raw(`${path}/endpoints/kubernetes`)
  t.deepEqual(body.subsets, [
    {
      addresses: [{ ip: '192.0.2.1' }],
      ports: [{ name: 'https', port: api.server.port, protocol: 'TCP' }],
    },
  ])
  const slice = '/apis/discovery.k8s.io/v1/namespaces/default/endpointslices/kubernetes'
  await api.raw(slice, { method: 'DELETE' })
  await api.restart()
  t.is((await api.raw(slice)).status, 200)
})
